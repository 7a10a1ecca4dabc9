// One answer on the page: its steps, its text as it grows, its sources, what became of it.

import { fill, gettext, h, icon, languageOf, named, ngettext } from "./lib.js";

// The renderer is not needed before the first answer: it comes while the reader types.
let renderer;
let opener = () => {};
async function load() {
  renderer ??= Promise.all([
    import("./markdown.js"),
    import("./citations.js"),
    import("./feet.js"),
  ]);
  const [markdown, citations, feet] = await renderer;
  citations.onOpen(opener);
  return [markdown, citations, feet];
}
export const warmUp = load;

// Stored answers, the newest last: of a long session the newest are drawn first, and the page stays
// free for the reader in between.
const stored = [];
const SLICE = 12; // milliseconds
let drawing = false;
async function drawStored() {
  if (drawing) return;
  drawing = true;
  try {
    const [{ ready }] = await load();
    while (stored.length) {
      await ready(stored.at(-1).text);
      const began = performance.now();
      let drawn;
      while (stored.length && performance.now() - began < SLICE)
        drawn = (await stored.pop().draw()) ?? drawn;
      await new Promise((go) => setTimeout(go));
      drawn?.();
    }
  } finally {
    drawing = false;
  }
}

/** How a source is opened: open(source, element to come back to). */
export const onOpenSource = (open) => {
  opener = open;
};

const WORDS_OF_STATUS = {
  stopped: () => gettext("You stopped this answer."),
  interrupted: () => gettext("This answer was interrupted. What was written is kept."),
  failed: () => gettext("This answer could not be written."),
};

const WORDS_OF_REASON = {
  length: () => gettext("The model reached its longest answer. Ask it to go on."),
  content_filter: () => gettext("The provider's filter ended this answer early."),
  refusal: () => gettext("The model declined to go on."),
};

export class Answer {
  /** actions: retry(id), drawn(), siblings(id), show(id, step), failed(error) */
  constructor(actions) {
    this.actions = actions;
    this.sources = new Map();
    this.pending = [];
    this.steps = h("div", { className: "steps" });
    this.prose = h("div", { className: "prose" });
    this.state = h("div", { className: "state" });
    this.below = h("div", { className: "below" });
    this.element = h(
      "article",
      { className: "answer turn", "aria-label": gettext("Answer") },
      this.steps,
      this.prose,
      this.state,
      this.below,
    );
  }

  /** Begins (again): a replay from the first event writes everything anew. */
  start(messageId, model) {
    this.id = messageId;
    this.message = null;
    this.model = model;
    this.text = "";
    this.sources.clear();
    this.steps.replaceChildren();
    this.below.replaceChildren();
    this.prose.replaceChildren();
    this.view = undefined;
    this.element.dataset.id = messageId;
    this.element.setAttribute("aria-busy", "true");
    this.#waiting();
    this.#withView(() => {});
  }

  #waiting() {
    this.state.className = "state";
    this.state.replaceChildren(
      h(
        "span",
        { className: "waiting", role: "img", "aria-label": gettext("The answer is being written") },
        h("i"),
        h("i"),
        h("i"),
      ),
    );
  }

  /** Runs now when the renderer is here, otherwise in order once it is. */
  #withView(run) {
    if (this.view) {
      run(this.view);
      return;
    }
    this.pending.push(run);
    if (this.pending.length > 1) return;
    load().then(([{ MarkdownView }, { withMarks }]) => {
      this.prose.replaceChildren();
      this.view = new MarkdownView(this.prose, (fragment) =>
        withMarks(fragment, (n) => this.sources.get(n)),
      );
      this.view.onDraw = () => this.actions.drawn();
      for (const waiting of this.pending.splice(0)) waiting(this.view);
    });
  }

  /** Another model than the one named at the start answers. */
  switched({ model, instead_of, reason }) {
    this.model = model;
    this.steps.append(step({ name: "model", model, instead_of, reason }));
  }

  tool(event) {
    const searching = event.status === "searching";
    // Searches of one question run together and end in any order.
    const line = [...this.steps.children].find(
      ({ dataset }) => dataset.query === event.query && dataset.status === "searching",
    );
    const fresh = step(event);
    if (line) line.replaceWith(fresh);
    else this.steps.append(fresh);
    if (!searching) this.#waiting();
  }

  found(sources) {
    for (const source of sources) this.sources.set(source.number, source);
    this.#listFound();
  }

  /** What the searches found, under the line of the last one. */
  #listFound() {
    const lines = [...this.sources.values()].map((source) => h("li", { dir: "auto" }, named(source)));
    this.steps.lastElementChild?.querySelector(".step-list")?.replaceChildren(...lines);
  }

  add(content) {
    if (!this.text) this.state.replaceChildren();
    this.text += content;
    this.#withView((view) => view.append(content));
  }

  /** The message as it is stored: at the end of a stream and when a session is opened. */
  saved(message) {
    this.id = message.id;
    this.element.dataset.id = message.id;
    this.element.removeAttribute("aria-busy");
    this.text = message.content;
    const language = languageOf(this.text);
    if (language) this.prose.lang = language;
    else this.prose.removeAttribute("lang");
    // Where the words of a stored citation stand today is asked for when it is opened.
    for (const source of message.sources ?? []) source.message_id = message.id;
    this.sources = new Map((message.sources ?? []).map((source) => [source.number, source]));
    if (!this.steps.children.length) this.steps.append(...(message.steps ?? []).map(step));
    this.#listFound();
    this.message = message;
    if (this.view || this.pending.length) this.#drawSaved(message);
    else {
      const draw = async () => {
        if (this.message !== message || !this.element.isConnected) return undefined;
        await this.#drawSaved(message);
        return this.actions.drawn;
      };
      stored.push({ text: message.content, draw });
      drawStored();
    }
    this.#outcome(message.status, message.error, message.stop_reason);
  }

  /** The whole answer for who hears it: its words, without boxes' buttons, and how it ended. */
  async spoken(most) {
    await load(); // it is drawn then
    const words = this.prose.cloneNode(true);
    for (const part of words.querySelectorAll(".bar, .cite, .katex-html, annotation")) part.remove();
    for (const block of words.querySelectorAll("p, li, td, th, pre, h2, h3, h4")) block.append(" ");
    const said = words.textContent.replace(/\s+/g, " ").trim() || this.text;
    return [said.slice(0, most), this.state.querySelector("span:not(.waiting)")?.textContent];
  }

  async #drawSaved(message) {
    this.#withView((view) => view.set(message.content, { again: true }));
    const [, { sourceLeaves }, feet] = await load();
    const foot = message.content
      ? feet.answerFoot(this, message, this.actions)
      : feet.pager(message.id, this.actions);
    this.below.replaceChildren(...[sourceLeaves(message.sources ?? []), foot].filter(Boolean));
  }

  /** Says in words why there is no (whole) answer, with the way on. */
  failed({ message, retryable = true }) {
    this.element.removeAttribute("aria-busy");
    this.state.className = "state wrong";
    this.state.replaceChildren(
      h("span", {}, message || WORDS_OF_STATUS.interrupted()),
      retryable ? this.#again(gettext("Try again")) : "",
    );
  }

  #outcome(status, error, reason) {
    if (status === "complete") {
      // It ended in order, but not where the model wanted to end.
      const cut = WORDS_OF_REASON[reason]?.();
      this.state.className = "state";
      this.state.replaceChildren(...(cut ? [h("span", {}, cut)] : []));
      return;
    }
    // The sentence of the error event says more than the status does.
    if (status === "failed" && this.state.classList.contains("wrong") && this.state.children.length)
      return;
    const words = error || WORDS_OF_STATUS[status]?.();
    if (!words) return;
    this.state.className = status === "failed" ? "state wrong" : "state";
    this.state.replaceChildren(h("span", {}, words), this.#again(gettext("Answer again")));
  }

  #again(words) {
    return h(
      "button",
      { type: "button", className: "button small", onclick: () => this.actions.retry(this.id) },
      icon("again"),
      words,
    );
  }
}

const WHY = {
  auth: () => gettext("its key was refused"),
  spent: () => gettext("its account is used up"),
  budget: () => gettext("its budget is used up"),
  rate_limited: () => gettext("it has too many requests right now"),
  timeout: () => gettext("it took too long"),
  context_too_long: () => gettext("this chat is too long for it"),
};

/** Who answered in whose place, and why, as a quiet line. */
function standIn({ model, instead_of, reason }) {
  const [name, other] = [model, instead_of].map((one) => one?.display_name ?? "");
  const why = WHY[reason]?.() ?? gettext("it cannot be reached right now");
  const words = gettext("%(model)s answers instead of %(other)s: %(why)s.");
  return h("p", { className: "step" }, icon("again"), fill(words, { model: name, other, why }));
}

/** One search as a quiet line; what it found can be opened. */
function step(done) {
  if (done.name === "model") return standIn(done);
  const { query, status, results_count: count, error, words_only: wordsOnly, unread } = done;
  const searching = status === "searching";
  let words;
  if (searching) words = gettext("Searching your material for");
  else if (error) words = gettext("The search did not work for");
  else words = gettext("Searched your material for");
  const found =
    searching || error || count === undefined
      ? ""
      : `· ${fill(ngettext("%(count)s passage", "%(count)s passages", count), { count })}`;
  const how = wordsOnly ? `· ${gettext("only its words, not its meaning")}` : "";
  const missed = unread
    ? `· ${fill(ngettext("%(count)s file is still being read", "%(count)s files are still being read", unread), { count: unread })}`
    : "";
  const line = [
    icon(searching ? "wait" : "search"),
    h("span", {}, `${words} `, h("q", { dir: "auto" }, query ?? ""), ` ${found} ${how} ${missed}`),
  ];
  const props = { className: "step", "data-query": query ?? "", "data-status": status };
  if (searching || error || !count) return h("p", props, line);
  return h("details", props, h("summary", {}, line), h("ul", { className: "step-list" }));
}

/** A question; once it is stored (it has an id) with what stands below it. */
export function question(message, actions) {
  const pending = !message.id;
  const leaf = h(
    "div",
    {
      className: "question",
      dir: "auto",
      lang: languageOf(message.content),
      "data-id": message.id ?? "",
      "data-pending": pending,
    },
    // bdi: the question's own words decide which side it begins on.
    h("bdi", { className: "unseen" }, `${gettext("You asked:")} `),
    message.content,
  );
  const element = h("div", { className: "asked turn" }, leaf);
  const pictures = message.attachments ?? [];
  element.attachments = pictures;
  if (pictures.length)
    import("./pictures.js").then(({ pictureList }) => {
      leaf.after(pictureList(pictures));
      actions?.drawn();
    });
  if (!pending)
    load().then(([, , feet]) => element.append(feet.questionFoot(element, message, actions)));
  return element;
}

/** Opens a question's box to write in with these words: they could not be sent. */
export async function editAgain(element, message, actions, text) {
  const [, , { editing }] = await load();
  editing(element, message, actions, text);
}
