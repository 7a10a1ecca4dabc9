// One renderer and one sanitiser for answers, streamed or stored: marked makes HTML, DOMPurify
// makes safe nodes of it. Finished blocks are rendered once; only the open tail is drawn again.

import { marked } from "../vendor/marked-18.2.1/marked.esm.js";
import "../vendor/dompurify-3.4.18/purify.min.js";
import { codeBox, fill, tableBox } from "./blocks.js";
import { drawFormulas, extensions, load, undrawable, waitsFor } from "./formulas.js";
import { h } from "./lib.js";
import { sanitiserPolicy } from "./trust.js";

const CLASSES = /^(?:language-[\w+#.-]{1,30}|formula|formula-display)$/;
const SAFE_LINK = /^(?:https?|mailto):/i;
const RULES = {
  ALLOWED_TAGS: [
    "p",
    "br",
    "hr",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "b",
    "em",
    "i",
    "del",
    "s",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "sub",
    "sup",
    "kbd",
    "mark",
    "u",
    "div",
  ],
  ALLOWED_ATTR: ["href", "align", "start", "class"],
  ALLOWED_URI_REGEXP: SAFE_LINK,
  ADD_URI_SAFE_ATTR: ["align", "start"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
  ...(sanitiserPolicy ? { TRUSTED_TYPES_POLICY: sanitiserPolicy } : {}),
};

/** Escaped tags without attributes that models like to write and that can do nothing. */
const BARE = /&#60;(\/?(?:br|sub|sup|kbd|mark|u|b|i|s|em|strong|del))\s*\/?&#62;/gi;
const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

marked.use({
  gfm: true,
  extensions,
  renderer: {
    // The page has its own h1.
    heading({ tokens, depth }) {
      const level = Math.min(6, depth + 1);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    // A picture would be fetched from elsewhere without a click: offer it as a link instead.
    image({ href, text }) {
      return `<a href="${escape(href)}">${escape(text || href)}</a>`;
    },
    // HTML in an answer is shown as it was written: it may be what the question was about.
    html({ text }) {
      return escape(text).replace(BARE, "<$1>");
    },
    checkbox({ checked }) {
      return checked ? "☑ " : "☐ ";
    },
  },
});

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName === "A" && node.hasAttribute("href")) {
    node.setAttribute("rel", "noopener noreferrer nofollow");
    node.setAttribute("target", "_blank");
    node.setAttribute("title", node.getAttribute("href"));
  }
  if (node.hasAttribute?.("class") && !CLASSES.test(node.className)) {
    node.removeAttribute("class");
  }
});

/** One block of Markdown as safe nodes; `later()` is called when a formula had to wait. */
function nodes(tokens, links, decorate, later) {
  const list = Object.assign([...tokens], { links });
  const fragment = DOMPurify.sanitize(marked.parser(list), RULES);
  for (const pre of fragment.querySelectorAll("pre")) codeBox(pre);
  decorate?.(fragment);
  drawFormulas(fragment, later);
  for (const block of fragment.children) direct(block);
  for (const table of fragment.querySelectorAll("table")) tableBox(table);
  return fragment;
}

/** A list, a quotation or a table stands on the side its words begin on; each paragraph and cell
    in it reads its own way (unicode-bidi: plaintext). */
function direct(block) {
  if (block.matches("ul, ol, blockquote, table")) block.dir = "auto";
}

/** Hides half-written marks at the end of a stream: an open citation, link, ** or `. */
export function closeTail(text) {
  if (/^ {0,3}(```|~~~)/.test(text)) return text;
  let shown = text
    .replace(/!?\[[^\]\n]{0,60}$|!?\[[^\]\n]*\]\([^)\s]{0,2000}$/, "")
    .replace(/\n[*_=~|-]{1,2} ?$/, "\n");
  if (/^\s*\|/.test(shown) && !/\n *\|?[ :]*-{3}/.test(shown)) return ""; // a table before its second line
  const line = shown.slice(shown.lastIndexOf("\n") + 1);
  if ((line.match(/`/g)?.length ?? 0) % 2) return `${shown}\``;
  if ((line.match(/\*\*/g)?.length ?? 0) % 2)
    shown = shown.endsWith("**") ? shown.slice(0, -2) : `${shown}**`;
  return shown;
}

/** Resolves when all is here that `text` is drawn with at once. */
export const ready = (text) => (waitsFor(text) ? load() : undefined);

/** Markdown that may still be growing, shown in `element`; `decorate(fragment)` adds marks. */
export class MarkdownView {
  constructor(element, decorate) {
    this.element = element;
    this.decorate = decorate;
    this.text = "";
    this.frozen = 0; // characters of `text` in finished blocks
    this.blocks = []; // {raw, box}
    this.tail = null;
  }

  append(more) {
    this.text += more.replaceAll("\r", "");
    this.#soon();
  }

  /** The whole text as it is stored: blocks that are already right stay untouched. */
  set(text, { again = false } = {}) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.text = text.replaceAll("\r", "");
    this.frozen = this.text.length;
    // Where nothing is drawn yet, formulas are waited for: else the lines would jump.
    if (!this.element.hasChildNodes() && waitsFor(this.text))
      load().then(() => {
        this.#whole(again);
        this.onDraw?.();
      });
    else this.#whole(again);
  }

  #whole(again) {
    const tokens = marked.lexer(this.text);
    const fresh = again || Object.keys(tokens.links).length > 0;
    if (this.tail) this.blocks.push({ box: this.tail });
    this.tail = null;
    const wanted = tokens.filter((token) => token.type !== "space" && token.type !== "def");
    wanted.forEach((token, index) => {
      const block = (this.blocks[index] ??= { box: this.#box() });
      if (block.raw === token.raw && !fresh) return;
      fill(block.box, this.#nodes([token], tokens.links));
      block.raw = token.raw;
    });
    this.blocks.splice(wanted.length).forEach(({ box }) => box.remove());
  }

  #box() {
    const box = h("div");
    this.element.append(box);
    return box;
  }

  #nodes(tokens, links) {
    return nodes(tokens, links, this.decorate, () => this.onDraw?.());
  }

  /** Draws what has come since the last frame; slow tails (a long table) are drawn less often. */
  #soon() {
    if (this.frame) return;
    const wait = this.cost > 8 ? this.cost * 4 : 0;
    this.frame = -1;
    const go = () => {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.#draw();
      });
    };
    // A hidden tab gets no frames; its text must still be there when it is looked at.
    if (document.hidden)
      setTimeout(() => {
        this.frame = 0;
        this.#draw();
      }, 250);
    else if (wait) setTimeout(go, wait);
    else go();
  }

  #whenLoaded() {
    this.loading ??= load().then(() => {
      if (this.frozen < this.text.length) this.#soon();
    });
  }

  #draw() {
    const began = performance.now();
    const held = undrawable(this.text.slice(this.frozen));
    const end = held < 0 ? this.text.length : this.frozen + held;
    if (held >= 0) this.#whenLoaded();
    const tokens = marked.lexer(this.text.slice(this.frozen, end));
    const last = tokens.findLastIndex((token) => token.type !== "space");
    for (const token of tokens.slice(0, Math.max(last, 0))) {
      this.frozen += token.raw.length;
      if (token.type === "space" || token.type === "def") continue;
      const box = this.tail ?? this.#box();
      this.tail = null;
      fill(box, this.#nodes([token], tokens.links));
      this.blocks.push({ raw: token.raw, box });
    }
    const open = closeTail(this.text.slice(this.frozen, end));
    if (open.trim()) {
      const rest = marked.lexer(open);
      this.tail ??= this.#box();
      fill(this.tail, this.#nodes(rest, rest.links));
    } else {
      this.tail?.remove();
      this.tail = null;
    }
    this.cost = performance.now() - began;
    this.onDraw?.();
  }
}
