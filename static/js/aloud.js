// Reading an answer aloud: what the browser's voice is given, and its button.

import { fill, gettext, icon, languageOf } from "./lib.js";

const BLOCKS = "p, li, h2, h3, h4, h5, h6, tr, blockquote";
let speaking = null; // the button whose answer is being read

/** Begins to read, or stops where this button's answer is being read. */
export function readAloud(prose, button) {
  const mine = speaking === button;
  hush();
  if (!mine) speak(button, spoken(prose));
}

function hush() {
  speechSynthesis.cancel();
  if (speaking) named(speaking, "speak", gettext("Read aloud"));
  speaking = null;
}

function named(button, name, words) {
  button.replaceChildren(icon(name));
  button.title = words;
  button.setAttribute("aria-label", words);
}

/** Sentence by sentence: some browsers fall silent in the middle of a long text. */
function speak(button, words) {
  speaking = button;
  named(button, "stop", gettext("Stop reading"));
  const parts = words.match(/\S[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]*/g) ?? [];
  if (!parts.length) hush();
  for (const [at, part] of parts.entries()) {
    const said = new SpeechSynthesisUtterance(part);
    said.lang = languageOf(words) ?? document.documentElement.lang;
    if (at === parts.length - 1)
      said.onend = said.onerror = () => {
        if (speaking === button) hush();
      };
    speechSynthesis.speak(said);
  }
}

/** What is said of an answer: no marks and buttons, code by its name, each formula once. */
export function spoken(prose) {
  const words = prose.cloneNode(true);
  for (const code of words.querySelectorAll(".code"))
    code.replaceWith(`${code.querySelector("pre").getAttribute("aria-label")}.\n`);
  for (const silent of words.querySelectorAll("button, .bar, hr")) silent.remove();
  for (const formula of words.querySelectorAll(".katex"))
    formula.replaceWith(` ${math(formula.querySelector("math")).replace(/\s+/g, " ").trim()} `);
  for (const row of words.querySelectorAll("tr"))
    row.replaceChildren([...row.cells].map((cell) => cell.textContent.trim()).join(", "));
  for (const block of words.querySelectorAll(BLOCKS)) block.append("\n");
  return words.textContent.replace(/[ \t]+([.,;:!?])/g, "$1").replace(/[ \t]+/g, " ");
}

const SAID = {
  mfrac: (values) => fill(gettext("%(a)s over %(b)s"), values),
  msup: (values) => fill(gettext("%(a)s to the power of %(b)s"), values),
  msub: (values) => fill(gettext("%(a)s sub %(b)s"), values),
  msqrt: (values) => fill(gettext("the root of %(a)s"), values),
  mroot: (values) => fill(gettext("root %(b)s of %(a)s"), values),
  msubsup: (values) => fill(gettext("%(a)s from %(b)s to %(c)s"), values),
  munderover: (values) => fill(gettext("%(a)s from %(b)s to %(c)s"), values),
};
// Signs that voices leave out.
const SIGNS = {
  "=": () => gettext("equals"),
  "+": () => gettext("plus"),
  "−": () => gettext("minus"),
  "-": () => gettext("minus"),
  "⋅": () => gettext("times"),
  "×": () => gettext("times"),
  "<": () => gettext("is less than"),
  ">": () => gettext("is greater than"),
  "≤": () => gettext("is at most"),
  "≥": () => gettext("is at least"),
  "∑": () => gettext("the sum"),
  "∫": () => gettext("the integral"),
  "∞": () => gettext("infinity"),
};

/** A formula's MathML in words. Its annotation is the TeX and would be read once more. */
function math(node) {
  const parts = [...node.children].filter(({ localName }) => localName !== "annotation");
  if (!parts.length) return SIGNS[node.textContent.trim()]?.() ?? node.textContent;
  const [a, b, c] = parts.map(math);
  if (node.localName === "msqrt") return SAID.msqrt({ a: parts.map(math).join(" ") });
  if (node.localName in SAID && b !== undefined) return SAID[node.localName]({ a, b, c });
  return parts.map(math).join(" ");
}

addEventListener("pagehide", () => speechSynthesis.cancel());
