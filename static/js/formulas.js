// Formulas in answers: found by marked, drawn by KaTeX, which comes with the first of them.

import { h } from "./lib.js";

const HOME = new URL("../vendor/katex-0.19.1/", import.meta.url).href;
const LONGEST = 4000; // characters of one formula; longer ones are shown as typed
const KEPT = 300; // drawn formulas kept, for the paragraph that is drawn again while it grows
const PAIRS = [
  ["\\(", "\\)", false],
  ["\\[", "\\]", true],
  ["$$", "$$", true],
];
/** A face that comes later than the formula moves its lines; rarer ones may. */
const FACES = ["Main", "Math", "AMS", "Size1", "Size2", "Size3", "Size4"];
const SIGNS = /[\\^_{}=<>+]/;
const OPTIONS = { throwOnError: true, strict: "ignore", trust: false, maxSize: 20, maxExpand: 300 };

// --- where a formula stands ------------------------------------------------------------------
/** Words between dollars or escaped brackets: "$5 million or 6$", "\[see there\]", "\[1, 2\]". */
function isProse(tex) {
  if (/^[\d\s,;–-]+$/.test(tex)) return /[,;–]|^\s*\d+\s*$/.test(tex);
  return !SIGNS.test(tex) && (tex.match(/\p{L}{2,}/gu)?.length ?? 0) > 1;
}

function between(source) {
  for (const [open, close, display] of PAIRS) {
    if (!source.startsWith(open)) continue;
    const end = source.indexOf(close, open.length);
    if (end < 0 || end > LONGEST) return undefined;
    const tex = source.slice(open.length, end);
    if (!tex.trim() || /\n[ \t]*\n/.test(tex)) return undefined;
    if (open !== "$$" && isProse(tex)) return undefined;
    return { raw: source.slice(0, end + close.length), tex, display };
  }
  return undefined;
}

/** $x$ as pandoc reads it: no space inside the dollars, no letter or digit behind them. */
function betweenDollars(source) {
  const found = /^\$(?![\s$])((?:\\[^\n]|[^\\$\n])+)\$(?![\p{L}\d])/u.exec(source);
  if (!found || /\s$/.test(found[1]) || found[1].length > LONGEST) return undefined;
  if (/^\d/.test(found[1]) && !SIGNS.test(found[1]) && /\p{L}{2,}/u.test(found[1])) return undefined;
  return isProse(found[1]) && /\p{L}/u.test(found[1])
    ? undefined
    : { raw: found[0], tex: found[1], display: false };
}

const formulaAt = (source) => between(source) ?? betweenDollars(source);

const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const asCode = ({ raw, display }) =>
  `<code class="${display ? "formula-display" : "formula"}">${escape(raw.trim())}</code>`;

/** For marked.use: a formula is code until it is drawn, and stays it where it cannot be. */
export const extensions = [
  {
    name: "formulaBlock",
    level: "block",
    start: (source) => source.match(/(?<=\n) {0,3}(?:\$\$|\\\[)/)?.index,
    tokenizer(source) {
      const lead = /^ {0,3}(?=\$\$|\\\[)/.exec(source)?.[0];
      if (lead === undefined) return undefined;
      const found = between(source.slice(lead.length));
      const after = found && /^[ \t]*(?:\n+|$)/.exec(source.slice(lead.length + found.raw.length));
      if (!after) return undefined;
      return {
        type: "formulaBlock",
        raw: lead + found.raw + after[0],
        text: found.raw,
        display: true,
      };
    },
    renderer: ({ text }) => `<div>${asCode({ raw: text, display: true })}</div>\n`,
  },
  {
    name: "formula",
    level: "inline",
    start: (source) => source.match(/(?<![\p{L}\d\\])\$|\\[([]/u)?.index,
    tokenizer(source) {
      const found = formulaAt(source);
      return found && { type: "formula", ...found };
    },
    renderer: asCode,
  },
];

const SCAN = /(?:^|\n) {0,3}(?:```|~~~)|`+|\n[ \t]*\n|\n|\\[()[\]]|\\[^]|\$\$|\$/g;
const CLOSES = { "\\(": "\\)", "\\[": "\\]", $$: "$$", $: "$" };
/** How long a formula may be half-written before it is shown as it is. */
const PATIENCE = { "\\(": 400, "\\[": LONGEST, $$: LONGEST, $: 80 };

/** Where the first formula of `text` begins that cannot be drawn yet, because the end cuts it off
    or because KaTeX is still on its way; -1 when there is none. */
export function undrawable(text) {
  const coming = isComing();
  let fenced = false;
  let code = "";
  let open = null;
  for (const { 0: sign, index } of text.matchAll(SCAN)) {
    if (/[`~]{3}$/.test(sign) && /^\n? {0,3}/.test(sign) && (index === 0 || sign[0] === "\n")) {
      fenced = !fenced;
      open = null;
    } else if (fenced) continue;
    else if (sign[0] === "`") code = code === sign ? "" : code || sign;
    else if (sign[0] === "\n") {
      if (sign.length > 1) open = null;
      if (sign.length > 1) code = "";
      if (open?.sign === "$") open = null;
    } else if (code) continue;
    else if (open && sign === CLOSES[open.sign] && !(sign === "$" && /\s/.test(text[index - 1]))) {
      if (coming && formulaAt(text.slice(open.index))) return open.index;
      open = null;
    } else if (sign in CLOSES && (!open || open.sign === "$")) open = begins(text, sign, index);
  }
  if (!open || text.length - open.index > PATIENCE[open.sign]) return -1;
  return open.index;
}

function begins(text, sign, index) {
  if (sign !== "$") return { sign, index };
  const next = text[index + 1] ?? "";
  if (/[\p{L}\d]/u.test(text[index - 1] ?? "") || /[\s\d]/.test(next)) return null;
  return { sign, index };
}

// --- how it is drawn -------------------------------------------------------------------------
let katex;
let coming;
let asked; // when KaTeX was asked for
const HELD_BACK = 5000; // milliseconds; after that the TeX is shown until KaTeX is here
const drawn = new Map(); // sign and TeX → element to copy

/** Text is held back at the first formula while KaTeX is on its way: else the lines would jump. */
const isComing = () => !katex && !(performance.now() - asked > HELD_BACK);

/** KaTeX with its sheet and its usual faces. Ends in any case, soon. */
export const load = () =>
  Promise.race([fetched(), new Promise((resolve) => setTimeout(resolve, HELD_BACK))]);

function fetched() {
  asked ??= performance.now();
  coming ??= Promise.all([import("../vendor/katex-0.19.1/katex.min.js"), sheet()])
    .then(() => Promise.all(FACES.map(face)))
    .then(() => {
      katex = globalThis.katex;
    })
    .catch((error) => {
      console.warn(error);
      coming = undefined;
    });
  return coming;
}

const face = (name) =>
  document.fonts.load(`${name === "Math" ? "italic " : ""}1em KaTeX_${name}`).catch(() => []);

function sheet() {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = `${HOME}katex.min.css`;
    link.onload = resolve;
    link.onerror = reject;
    document.head.append(link);
  });
}

/** Whether `text` holds what must wait for KaTeX to be drawn without a jump. */
export const waitsFor = (text) => isComing() && /\$|\\[([]/.test(text) && FORMULA.test(text);
const FORMULA = /\$\$[^$]|\\\[|\\\(|\$[^\s\d$][^$\n]*\$/;

/** Draws the formulas below `root`; those that come before KaTeX once it is here. */
export function drawFormulas(root, later) {
  const found = [...root.querySelectorAll("code.formula, code.formula-display")];
  if (!found.length) return;
  if (katex) found.forEach(draw);
  else
    fetched().then(() => {
      if (katex) found.filter((code) => code.isConnected).forEach(draw);
      later?.();
    });
}

function draw(code) {
  const raw = code.textContent;
  const display = code.className === "formula-display";
  const tex = formulaAt(raw)?.tex;
  const key = `${display}${tex}`;
  let picture = drawn.get(key);
  if (picture === undefined) {
    picture = tex === undefined ? null : render(tex, display);
    if (drawn.size >= KEPT) drawn.delete(drawn.keys().next().value);
    drawn.set(key, picture);
  }
  if (!picture) code.replaceWith(raw);
  else if (display) code.replaceWith(h("span", { className: "formula-box" }, picture.cloneNode(true)));
  else code.replaceWith(picture.cloneNode(true));
}

/** An element with MathML for those who listen, or null where the TeX is broken. */
function render(tex, displayMode) {
  let tree;
  try {
    tree = katex.__renderToDomTree(tex, { ...OPTIONS, displayMode });
  } catch {
    return null;
  }
  // A style attribute is refused by the page's policy, a style set by a script is not.
  const moveStyles = (node) => {
    if (node.attributes?.style) {
      node.attributes["data-style"] = node.attributes.style;
      delete node.attributes.style;
    }
    node.children?.forEach(moveStyles);
  };
  moveStyles(tree);
  const element = tree.toNode();
  for (const styled of element.querySelectorAll("[data-style]")) {
    styled.style.cssText = styled.dataset.style;
    styled.removeAttribute("data-style");
  }
  return element;
}
