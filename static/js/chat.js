// The chat page: puts the sidebar, the conversation, the composer and the files together.

import { $, ApiError, announce, api, boot, fill, gettext, h, icon, inSeries, offline, onKeys } from "./lib.js";
import { onOpenSource, warmUp } from "./answer.js";
import { Composer, Picker } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Material } from "./material.js";
import { Sessions } from "./sessions.js";

const PHONE = matchMedia("(width < 50rem)");
const SLOW = 500;

let session = null; // id of the open session; null before the first question
let title = "";
let shownBefore = false; // the empty page came with its questions

const composer = new Composer({ ask, stop: () => conversation.stop() });
const conversation = new Conversation({
  busy: (busy) => composer.setBusy(busy),
  accepted: () => {
    composer.clear();
    pictures?.clear();
  },
  refused: (error, text) => {
    if (text) composer.put(text);
    say(error.message);
  },
  connection: say,
  session: shown,
  gone: () => {
    const id = session;
    sessions.forget(id);
    go(null);
    say(gettext("This chat was deleted."));
  },
  begun: (row) => say(picker.show(row)),
});
const sessions = new Sessions({
  open: (id) => go(id),
  gone: (id) => {
    if (id === session) go(null);
  },
  failed: (error) => say(error.message),
  renamed: (id, name) => {
    if (id === session) setTitle(name);
  },
  print: async (id) => {
    if (id !== session) {
      history.pushState({ id }, "", `/chat/${id}/`);
      await show(id);
    }
    await warmUp();
    print();
  },
});
const material = new Material({
  view: (file, from) => slowlyOrSay(openDocument(file, from)),
  changed: () => welcome({ again: true }),
  failed: (error) => say(error.message),
  chat: () => session,
  pictures: (files) => {
    const seen = files.filter(isPicture);
    if (seen.length) slowlyOrSay(addPictures(seen));
    return files.filter((file) => !isPicture(file));
  },
});

function say(words) {
  $("connection").textContent = words;
}

/** On a slow line a press is answered by words before what was asked for is here. */
async function slowly(work) {
  const words = gettext("Opening…");
  const timer = setTimeout(() => say(words), SLOW);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if ($("connection").textContent === words) say("");
  }
}

/** The same where a lost line may have kept back a part of the page. */
const slowlyOrSay = (work) =>
  slowly(work).catch((error) => {
    console.warn(error);
    say((error instanceof ApiError ? error : offline()).message);
  });

// --- sessions --------------------------------------------------------------------------------
async function show(id) {
  session = id;
  offerAgain(id);
  sessions.select(id);
  composer.show(id);
  say("");
  $("welcome").hidden = Boolean(id);
  $("to-end").hidden = true;
  if (PHONE.matches && $("sidebar").matches(":popover-open")) $("sidebar").hidePopover();
  if (!id) {
    conversation.close();
    setTitle("");
    picker.begin();
    tellReaders();
    welcome({ again: shownBefore });
    shownBefore = true;
    if (!PHONE.matches) $("say").focus();
    return;
  }
  warmUp();
  try {
    await slowly(conversation.open(id));
    if (session === id) tellReaders();
  } catch (error) {
    if (session !== id) return;
    session = null; // what is asked here begins a new chat
    $("turns").replaceChildren(
      h(
        "div",
        { className: "lost" },
        h("h2", {}, error.message),
        h("a", { className: "button", href: "/chat/" }, gettext("Start a new chat")),
      ),
    );
  }
}

function go(id) {
  if ($("app").classList.contains("whole")) import("./pane.js").then(({ closePane }) => closePane());
  const address = id ? `/chat/${id}/` : "/chat/";
  if (location.pathname !== address) history.pushState({ id }, "", address);
  show(id);
}

addEventListener("popstate", () => show(idInAddress()));
const idInAddress = () => location.pathname.match(/^\/chat\/([0-9a-f-]{36})\/$/)?.[1] ?? null;

/** The open chat's row as the server has it now. */
function shown(row) {
  setTitle(row.title);
  sessions.update(session, row);
}

function setTitle(text) {
  title = text ?? "";
  $("title").textContent = title || gettext("New chat");
  document.title = title ? `${title} · Lontar` : "Lontar";
  if (session && title) sessions.title(session, title);
}

// --- asking ----------------------------------------------------------------------------------
async function ask(text) {
  say("");
  if (session) {
    if (!title) setTitle(text.slice(0, 60)); // begun by a picture
    sessions.touch({ id: session, title });
  } else if (!(await begin(text))) return;
  const shown = pictures ? await slowlyOrSay(pictures.ready()) : [];
  if (!shown) return; // what could not be sent has been said
  material.tidy();
  conversation.ask(text, shown);
}

/** A session for what is in the box; false, with words, when it is not to be sent yet. */
async function begin(text) {
  composer.setBusy(true);
  try {
    const created = await api("chat/sessions", {
      method: "POST",
      body: picker.choice,
    });
    session = created.id;
    composer.become(session);
    history.replaceState({ id: session }, "", `/chat/${session}/`);
    sessions.select(session);
    sessions.touch({ ...created, title: created.title || text.slice(0, 60) });
    $("welcome").hidden = true;
    await conversation.open(session);
    setTitle(created.title || text.slice(0, 60));
    const known = readers;
    if ((await tellReaders()) && readers !== known) {
      composer.setBusy(false);
      composer.put(text);
      say(gettext("See above who reads this chat, then send your question again."));
      return false;
    }
    return true;
  } catch (error) {
    composer.setBusy(false);
    say(error.message);
    return false;
  }
}

// --- pictures ----------------------------------------------------------------------------------
let pictures = null; // for the next question, once there was one
const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const isPicture = ({ type }) => PICTURES.includes(type);
let beginning = null;

async function loadPictures() {
  const { Pictures } = await import("./pictures.js");
  pictures ??= new Pictures({ failed: (error) => say(error.message) });
}

/** Those of a chat that no question took yet. */
async function offerAgain(id) {
  if (!pictures && !(id && localStorage.getItem(`lontar.pictures.${id}`))) return;
  await slowlyOrSay(loadPictures());
  if (session === id) pictures?.show(id);
}

/** A picture belongs to a chat: the first one begins it. */
async function addPictures(files) {
  await loadPictures();
  say("");
  if (!session) {
    const text = $("say").value;
    beginning ??= begin("").finally(() => {
      beginning = null;
    });
    await beginning;
    if (!session) return;
    composer.put(text);
  }
  pictures.add(files, session);
}

$("add-pictures").onclick = () => $("choose-pictures").click();
$("choose-pictures").onchange = ({ target }) => {
  slowlyOrSay(addPictures([...target.files]));
  target.value = "";
};
$("say").addEventListener("paste", (event) => {
  const data = event.clipboardData;
  const seen = [...(data?.files ?? [])].filter(isPicture);
  // Words that come with a picture of themselves are pasted as words.
  if (!seen.length || data.types.includes("text/plain")) return;
  event.preventDefault();
  slowlyOrSay(addPictures(seen));
});

// --- whom to ask -----------------------------------------------------------------------------
const picker = new Picker({
  model: (id) =>
    api(`chat/sessions/${session}`, { method: "PATCH", body: { model_id: id } }).catch((error) =>
      say(error.message),
    ),
});

$("model").addEventListener("change", () => {
  tellReaders();
  welcome();
});

// Who else reads the chat, as it was told last: nobody reads what was begun without an assistant.
let readers = "";
const begunTelling = inSeries();

async function tellReaders() {
  const isLast = begunTelling();
  const { assistant_id } = picker.choice;
  $("class-readers").hidden = true;
  let found = "";
  if (assistant_id) {
    try {
      const { tell } = await import("./class_readers.js");
      found = await tell(session ? { session_id: session } : { assistant_id });
    } catch (error) {
      say(error.message);
      found = "unknown";
    }
  }
  if (isLast()) readers = found;
  return found;
}

// --- the empty page ----------------------------------------------------------------------------
let offered = ""; // whose questions stand there: those of an assistant, "" for all material

async function welcome({ again = false } = {}) {
  const wanted = picker.choice.assistant_id ?? "";
  if (session || (!again && wanted === offered)) return;
  offered = wanted;
  const { offer } = await import("./welcome.js");
  // What stood there still can be asked.
  await offer(wanted).catch((error) => console.warn(error));
}

$("welcome").addEventListener("click", ({ target }) => {
  const { ask: text, assistant } = target.closest("[data-ask], [data-assistant]")?.dataset ?? {};
  if (text) composer.put(text);
  else if (assistant !== undefined) picker.choose(assistant);
});

// --- sources and files -------------------------------------------------------------------------
async function openDocument(file, from, back) {
  const { view } = await import("./viewer.js");
  const kind = file.media_type && (file.media_type === "application/pdf" ? "pdf" : "text");
  view({ id: file.id, name: file.name, kind, page: 1 }, { from, back });
}

async function openSource(source, from, quote) {
  const found = await placeOf(source, quote);
  const target = {
    id: found.document_id,
    name: source.document_name,
    page: found.page,
    start: found.start ?? undefined,
    end: found.end ?? undefined,
    note: found.sentence,
  };
  if (!target.id) {
    const { openPane } = await import("./pane.js");
    const { body } = openPane(target.name, { from });
    body.append(
      h("p", { className: "view-note told" }, target.note),
      h("blockquote", { className: "kept", dir: "auto" }, source.excerpt),
    );
    return;
  }
  const { view } = await import("./viewer.js");
  view(target, { from });
}

/** Where a citation's words stand today: its file may have been read anew, changed or deleted. */
async function placeOf(source, quote) {
  const now = { ...source, ...(quote?.start === null || !quote ? {} : quote) };
  if (!source.message_id) return now;
  try {
    const found = await api(`chat/messages/${source.message_id}/citations/${source.number}`);
    if (found.state === "same") return now;
    const moved = quote && found.quotes[source.quotes.indexOf(quote)];
    return moved?.start ? { ...found, start: moved.start, end: moved.end } : found;
  } catch (error) {
    console.warn(error);
    return now;
  }
}
onOpenSource((...given) => slowlyOrSay(openSource(...given)));

/** Links from other pages: /chat/?open=<file>&page=3&start=10&end=90 */
async function openLinked() {
  const asked = new URLSearchParams(location.search);
  const id = asked.get("open");
  if (!id) return;
  const { view } = await import("./viewer.js");
  const number = (name) => (asked.has(name) ? Number(asked.get(name)) : undefined);
  let name = gettext("Page");
  try {
    name = (await api(`files/${encodeURIComponent(id)}`)).original_filename;
  } catch (error) {
    console.warn(error);
  }
  view(
    { id, name, page: number("page"), start: number("start"), end: number("end") },
    { whole: true },
  );
}
openLinked();

async function openMaterial() {
  const { openPane } = await import("./pane.js");
  const { body } = openPane(gettext("Your material"), {
    from: $("show-material"),
    whole: true,
    onClose: () => {
      material.show(null);
    },
  });
  $("show-material").setAttribute("aria-expanded", "true");
  material.on.view = (file, from) =>
    slowlyOrSay(openDocument(file, from, body.isConnected ? openMaterial : undefined));
  const { library } = await import("./library.js");
  await library(material, body);
}

async function showMaterial() {
  const { closePane } = await import("./pane.js");
  if ($("show-material").getAttribute("aria-expanded") === "true") closePane();
  else await openMaterial();
}
$("show-material").onclick = () => slowlyOrSay(showMaterial());
for (const button of document.querySelectorAll("[data-choose]"))
  button.onclick = () => material.choose(session);
for (const link of document.querySelectorAll("[data-new-chat]")) {
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(null);
  };
}

// --- keys --------------------------------------------------------------------------------------
function toBeside(step) {
  const row = sessions.beside(step);
  if (!row) return;
  go(row.id);
  announce(row.title || gettext("New chat"));
}

const keys = {
  h: () => showKeys(),
  n: () => go(null),
  f: () => sessions.find(),
  q: () => $("say").focus(),
  s: () => composer.busy && conversation.stop(),
  c: () => [...$("turns").querySelectorAll("[data-copies=copy]")].at(-1)?.click(),
  j: () => toBeside(1),
  k: () => toBeside(-1),
};
async function showKeys() {
  const { sheet } = await slowly(import("./shortcuts.js"));
  sheet(Object.keys(keys));
}
onKeys({ ...keys, "?": showKeys });
$("show-keys").onclick = showKeys;

// --- narrow screens ----------------------------------------------------------------------------
function sidebarFits() {
  if (PHONE.matches) $("sidebar").setAttribute("popover", "auto");
  else $("sidebar").removeAttribute("popover");
}
PHONE.addEventListener("change", sidebarFits);
sidebarFits();
composer.setBusy(false);
show(idInAddress());
$("say").addEventListener("input", warmUp, { once: true });
