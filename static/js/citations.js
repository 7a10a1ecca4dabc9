// Marks like [2] in an answer, the preview they open, and the source leaves below the answer.

import {
  $,
  boot,
  date,
  fill,
  gettext,
  h,
  icon,
  languageOf,
  named,
  ngettext,
  placeWords as place,
} from "./lib.js";

const MARK = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g;
const SHOW_AFTER = 130;
const HIDE_AFTER = 220;

let open = () => {};
/** Tells this module how a source is opened: open(source, element to come back to, quote?). */
export function onOpen(handler) {
  open = handler;
}

function fetched(when) {
  const year = when.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date(when, { day: "numeric", month: "short", year });
}

/** The way to the page on the web that was read; nothing for what never came from there. */
export function webLink(source) {
  if (!/^https?:\/\//i.test(source.source_url ?? "")) return null;
  const words = source.fetched_at
    ? fill(gettext("web page, fetched %(date)s"), { date: fetched(new Date(source.fetched_at)) })
    : gettext("web page");
  return h(
    "a",
    {
      className: "web",
      href: source.source_url,
      target: "_blank",
      rel: "noopener noreferrer nofollow",
      title: source.source_url,
    },
    icon("web"),
    words,
  );
}

/** Turns marks in a rendered fragment into buttons; `find(number)` gives the source or nothing. */
export function withMarks(fragment, find) {
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.includes("[") && !node.parentElement?.closest("code, pre, a, button"))
      texts.push(node);
  }
  for (const text of texts) replaceMarks(text, find);
}

function replaceMarks(text, find) {
  const parts = [];
  let at = 0;
  for (const match of text.data.matchAll(MARK)) {
    const sources = match[1].split(",").map((part) => find(Number(part)));
    if (!sources.every(Boolean)) continue;
    parts.push(text.data.slice(at, match.index), ...sources.map(mark));
    at = match.index + match[0].length;
  }
  if (at) text.replaceWith(...parts, text.data.slice(at));
}

function mark(source) {
  const label = fill(gettext("Source %(number)s: %(place)s"), {
    number: source.number,
    place: named(source),
  });
  const button = h(
    "button",
    { type: "button", className: "cite", "aria-label": label },
    String(source.number),
  );
  // Once it stands in the text: which of the source's quotations is before it.
  queueMicrotask(() => {
    const match = quoteAt(button, source)?.match ?? source.match;
    if (match !== "missing") return;
    button.classList.add("doubted");
    button.setAttribute("aria-label", `${label}. ${standing(match).words}`);
  });
  button.onpointerenter = (event) => {
    if (event.pointerType === "mouse") soon(button, source);
  };
  button.onpointerleave = (event) => {
    if (event.pointerType === "mouse") later();
  };
  button.onfocus = () => {
    if (button.matches(":focus-visible")) show(button, source);
  };
  button.onblur = later;
  // Not every browser says of a click whose it was.
  let finger = false;
  button.onpointerdown = (event) => {
    finger = event.pointerType === "touch";
  };
  button.onkeydown = (event) => {
    finger = false;
    walk(event, button);
  };
  button.onclick = () => {
    // A finger cannot hover: its first tap shows the preview, which has the way on.
    if (finger && shown !== button) show(button, source);
    else {
      hide();
      open(source, button, quoteAt(button, source));
    }
  };
  return button;
}

/** The arrows go from mark to mark of an answer, as Tab does, without what lies between. */
function walk(event, button) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const marks = [...(button.closest(".prose")?.querySelectorAll(".cite") ?? [])];
  const next = marks[marks.indexOf(button) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

const HELD = "p, li, td, th, blockquote, h1, h2, h3, h4";
const even = (text) => text.replace(/\s+/g, " ");

/** The quotation this mark stands behind: a source may be cited for several. */
function quoteAt(button, source) {
  const block = button.closest(HELD);
  if (!block || !source.quotes?.length) return undefined;
  const range = document.createRange();
  range.setStart(block, 0);
  range.setEndBefore(button);
  const before = even(range.toString());
  const places = source.quotes.map((quote) => before.lastIndexOf(even(quote.text).slice(0, 60)));
  const last = Math.max(...places);
  return last < 0 ? undefined : source.quotes[places.indexOf(last)];
}

/** What was found out about the words, for a reader: {icon, words, className} or nothing. */
function standing(match) {
  switch (match) {
    case "exact":
      return {
        icon: "check",
        className: "checked",
        words: gettext("Checked: these words stand there."),
      };
    case "close":
      return {
        icon: "check",
        className: "checked",
        words: gettext("Checked: nearly these words stand there."),
      };
    case "missing":
      return {
        icon: "close",
        className: "doubted",
        words: gettext("Not found word for word there."),
      };
    case "own_words":
      return {
        icon: "book",
        className: "own",
        words: gettext("The answer says it in its own words."),
      };
    default:
      return undefined;
  }
}

// --- preview -------------------------------------------------------------------------------
let shown = null;
let timer;

function soon(button, source) {
  clearTimeout(timer);
  timer = setTimeout(() => show(button, source), SHOW_AFTER);
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(hide, HIDE_AFTER);
}

export function hide() {
  clearTimeout(timer);
  const box = $("preview");
  if (box.matches(":popover-open")) box.hidePopover();
  shown?.removeAttribute("aria-expanded");
  shown = null;
}

function show(button, source) {
  clearTimeout(timer);
  if (shown === button) return;
  hide();
  shown = button;
  const box = $("preview");
  const quote = quoteAt(button, source);
  box.replaceChildren(
    h("p", { className: "where" }, h("b", { dir: "auto" }, source.document_name), h("span", {}, place(source))),
    h(
      "p",
      { className: "words", tabIndex: 0, dir: "auto", lang: languageOf(source.excerpt) },
      source.excerpt,
    ),
    ...checkedWords(quote?.match ?? source.match, quote),
    h(
      "p",
      {},
      h(
        "button",
        {
          type: "button",
          className: "button small",
          onclick() {
            hide();
            open(source, button, quote);
          },
        },
        icon("book"),
        source.page_unit === "page" ? gettext("Open the page") : gettext("Open the source"),
      ),
      webLink(source),
    ),
  );
  box.onpointerenter = () => clearTimeout(timer);
  box.onpointerleave = later;
  box.onfocusin = () => clearTimeout(timer);
  box.onfocusout = later;
  button.setAttribute("aria-expanded", "true");
  box.showPopover();
  beside(box, button);
}

function checkedWords(match, quote) {
  const found = standing(match);
  if (!found) return [];
  const words = quote?.elsewhere
    ? `${found.words} ${fill(gettext("They stand in source %(number)s."), { number: quote.elsewhere })}`
    : found.words;
  return [h("p", { className: found.className }, icon(found.icon), words)];
}

/** Below the mark when there is room, else above; never out of the window. */
export function beside(box, anchor) {
  const at = anchor.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  const left = Math.max(12, Math.min(at.left - 16, innerWidth - size.width - 12));
  const below = at.bottom + 8;
  const top = below + size.height < innerHeight - 8 ? below : Math.max(8, at.top - size.height - 8);
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !shown) return;
  event.preventDefault(); // the pane behind it stays
  // Who reads the preview goes back to its mark; who writes meanwhile goes on writing.
  if ($("preview").contains(document.activeElement)) shown.focus();
  hide();
});
addEventListener("pointerdown", ({ target }) => {
  if (shown && !shown.contains(target) && !$("preview").contains(target)) hide();
});
addEventListener(
  "scroll",
  (event) => {
    if (!shown || event.target.id === "preview") return;
    const { top, bottom } = shown.getBoundingClientRect();
    // The keyboard scrolls to the mark it comes to: what was shown goes along.
    if (shown.matches(":focus-visible") && top >= 0 && bottom <= innerHeight) beside($("preview"), shown);
    else hide();
  },
  { capture: true, passive: true },
);

// --- leaves under the answer ----------------------------------------------------------------
/** Cited sources in sight, those only found behind a line that can be opened. */
export function sourceLeaves(sources) {
  const cited = sources.filter((source) => source.cited);
  const found = sources.filter((source) => !source.cited);
  if (!sources.length) return null;
  return h(
    "section",
    { className: "sources", "aria-label": gettext("Sources") },
    cited.length ? h("p", { className: "label", "aria-hidden": "true" }, gettext("Sources")) : null,
    cited.length ? leaves(cited) : null,
    found.length
      ? h(
          "details",
          { className: "also" },
          h("summary", {}, icon("search"), alsoFound(cited.length, found.length)),
          leaves(found),
        )
      : null,
  );
}

function alsoFound(cited, found) {
  const words = cited
    ? ngettext(
        "%(count)s more passage found, not cited",
        "%(count)s more passages found, not cited",
        found,
      )
    : ngettext("%(count)s passage found, not cited", "%(count)s passages found, not cited", found);
  return fill(words, { count: found });
}

function leaves(sources) {
  return h(
    "ul",
    { className: "source-list" },
    sources.map((source) => h("li", {}, leaf(source), webLink(source))),
  );
}

function badge(match) {
  const found = match === "own_words" ? undefined : standing(match);
  if (!found) return "";
  const inside =
    match === "missing"
      ? gettext("not found word for word")
      : h("span", { className: "unseen" }, gettext("Checked"));
  return h("span", { className: found.className, title: found.words }, icon(found.icon), inside);
}

export function leaf(source) {
  const inside = [
    h("span", { className: "hole" }, String(source.number)),
    h(
      "span",
      { className: "where" },
      h("b", { dir: "auto" }, source.document_name),
      h("span", {}, place(source)),
      badge(source.match),
    ),
    h("span", { className: "words", dir: "auto", lang: languageOf(source.excerpt) }, source.excerpt),
  ];
  if (!source.document_id) {
    return h("div", { className: "source", title: gettext("This file has been deleted.") }, inside);
  }
  const button = h("button", { type: "button", className: "source" }, inside);
  button.onclick = () => open(source, button);
  return button;
}
