// The library page: all collections at /library/, one of them at /library/<id>/.

import { $, announce, gettext, h, icon, inSeries, offline, onKeys } from "./lib.js";
import { CollectionView } from "./collection.js";
import { Material } from "./material.js";
import { Sessions } from "./sessions.js";
import { Shelves } from "./shelves.js";

const PHONE = matchMedia("(width < 50rem)");
const begun = inSeries();
let showing = null; // a CollectionView, or null while all are listed

const say = (words) => {
  $("connection").textContent = words;
};
const failed = (error) => say(error.message);

const sessions = new Sessions({
  open: (id) => location.assign(`/chat/${id}/`),
  gone: () => {},
  failed,
});
const material = new Material({
  view,
  changed: () => showing?.changed(),
  drawn: () => showing?.drawn(),
  failed,
  more: (row, button) => showing?.menuFor(row, button),
});
const shelves = new Shelves({ open: go, make });

// --- where we are ------------------------------------------------------------------------------
const idInAddress = () => location.pathname.match(/^\/library\/([0-9a-f-]{36})\/$/)?.[1] ?? null;

async function show() {
  // Back and Forward work beside an open dialog, which asks about what is no longer here.
  document.querySelector("dialog[open]")?.close();
  const id = idInAddress();
  showing?.leave();
  showing = id && new CollectionView(id, material, { gone, renamed: title, failed, menu, view });
  say("");
  $("to-shelves").hidden = !id;
  $("head-tools").replaceChildren();
  $("shelf").replaceChildren((showing || shelves).element);
  if (!id) {
    title(gettext("Library"));
    material.closed = gettext("Open the collection that is to take these files first.");
  }
  await (showing || shelves).load();
}

function title(words) {
  $("title").textContent = words;
  document.title = `${words} · Lontar`;
}

/** To another address of the library; whoever listens hears where. */
async function go(id) {
  const { closePane } = await import("./pane.js");
  closePane();
  history.pushState({}, "", id ? `/library/${id}/` : "/library/");
  $("scroll").scrollTop = 0;
  const isLast = begun();
  const shown = show();
  const where = document.activeElement;
  await shown;
  // Unless the reader has begun something meanwhile, to which the keyboard belongs.
  if (isLast() && document.activeElement === where) $("title").focus({ preventScroll: true });
}

async function gone(words) {
  await go(null);
  say(words);
  announce(words);
}

addEventListener("popstate", show);
// A share may have come or gone while the reader was elsewhere.
addEventListener("visibilitychange", () => {
  if (!document.hidden && !document.querySelector("dialog[open]")) (showing || shelves).load();
});
$("to-shelves").onclick = (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(null);
};

async function make() {
  let describe;
  try {
    ({ describe } = await import("./dialogs.js"));
  } catch {
    failed(offline());
    return;
  }
  const made = await describe(null);
  if (made) go(made.id);
}

// --- what rows and heads ask for -----------------------------------------------------------------
/** items: [icon, words, what to do or where to go, className?] */
async function menu(button, items) {
  const box = $("session-menu");
  const pick = ([name, words, run, className]) =>
    typeof run === "string"
      ? h("a", { href: run, download: "", onclick: () => box.hidePopover() }, icon(name), words)
      : h(
          "button",
          {
            type: "button",
            className,
            onclick: () => {
              box.hidePopover();
              run();
            },
          },
          icon(name),
          words,
        );
  box.replaceChildren(...items.map(pick));
  const { beside } = await import("./citations.js");
  box.showPopover();
  beside(box, button);
  box.querySelector("button, a").focus();
}

async function view(row, from) {
  const { view: open } = await import("./viewer.js");
  const kind = row.media_type && (row.media_type === "application/pdf" ? "pdf" : "text");
  open({ id: row.id, name: row.name, kind, page: 1 }, { from, whole: true });
}

// --- keys ----------------------------------------------------------------------------------------
const keys = {
  h: () => showKeys(),
  n: () => location.assign("/chat/"),
  f: () => sessions.find(),
};
async function showKeys() {
  const { sheet } = await import("./shortcuts.js");
  sheet(Object.keys(keys));
}
onKeys({ ...keys, "?": showKeys });
$("show-keys").onclick = showKeys;

// --- narrow screens ------------------------------------------------------------------------------
function sidebarFits() {
  if (PHONE.matches) $("sidebar").setAttribute("popover", "auto");
  else $("sidebar").removeAttribute("popover");
}
PHONE.addEventListener("change", sidebarFits);
sidebarFits();
sessions.select(null);
show();

// Fetched while nothing else goes on: a first click that waits for a module loses what is typed.
const idle = window.requestIdleCallback ?? ((run) => setTimeout(run, 300));
idle(() => {
  import("./dialogs.js");
  import("./citations.js");
  import("./pane.js");
});
