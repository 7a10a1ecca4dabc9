// What stands in a box of its own in an answer: code and tables, which scroll inside it and can be
// copied.

import { announce, gettext, h, icon } from "./lib.js";
import { colour, languageName } from "./colours.js";
import { copy } from "./copying.js";

const SAID_FOR = 2000;

function copyButton(label, act) {
  const words = h("span", {}, gettext("Copy"));
  const button = h(
    "button",
    { type: "button", className: "copy", title: label, "aria-label": label },
    icon("copy"),
    words,
  );
  button.onclick = async () => {
    try {
      await act();
    } catch (error) {
      console.warn(error);
      announce(gettext("The browser did not allow copying. Select the words and copy them."));
      return;
    }
    button.replaceChildren(icon("check"), words);
    words.textContent = gettext("Copied");
    announce(gettext("Copied."));
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      button.replaceChildren(icon("copy"), words);
      words.textContent = gettext("Copy");
    }, SAID_FOR);
  };
  return button;
}

export function codeBox(pre) {
  const code = pre.querySelector("code") ?? pre;
  const name = languageName(code);
  const box = h(
    "div",
    { className: "code" },
    h(
      "div",
      { className: "bar" },
      h("span", { className: "language" }, name),
      copyButton(gettext("Copy the code"), () => copy(code.textContent)),
    ),
  );
  pre.tabIndex = 0;
  pre.setAttribute("role", "group"); // not a landmark: an answer may have a dozen
  pre.setAttribute("aria-label", name ? `${gettext("Code")}, ${name}` : gettext("Code"));
  pre.replaceWith(box);
  box.append(pre);
  colour(code);
}

export function tableBox(table) {
  const scroller = h("div", {
    className: "wide",
    tabIndex: 0,
    role: "group",
    "aria-label": gettext("Table"),
  });
  const box = h(
    "div",
    { className: "table" },
    scroller,
    h(
      "div",
      { className: "bar" },
      copyButton(gettext("Copy the table"), () => copyTable(scroller.firstElementChild)),
    ),
  );
  table.replaceWith(box);
  scroller.append(table);
}

/** What a reader copies: marks are not part of it, and a formula is its TeX. */
function plain(cell) {
  const twin = cell.cloneNode(true);
  for (const mark of twin.querySelectorAll("button")) mark.remove();
  for (const formula of twin.querySelectorAll(".katex"))
    formula.replaceWith(`$${formula.querySelector("annotation").textContent}$`);
  return twin.textContent.replace(/\s+/g, " ").trim();
}

/** For spreadsheets as lines with tabs, for texts as a table. */
function copyTable(table) {
  const rows = [...table.rows].map((row) => [...row.cells].map(plain));
  const lines = rows.map((cells) => cells.join("\t")).join("\n");
  const copied = h("table", {}, rows.map((cells) => h("tr", {}, cells.map((text) => h("td", {}, text)))));
  return copy(lines, copied.outerHTML);
}

/** Puts `fragment` into `box` in the place of what stood there. A box of code or a table that is
    still the same one keeps where it was scrolled to and its buttons; so does the focus. */
export function fill(box, fragment) {
  const [old, fresh] = [box, fragment].map((parent) =>
    parent.childElementCount === 1 ? parent.firstElementChild : null,
  );
  if (old?.className === "code" && fresh?.className === "code") {
    const [a, b] = [old, fresh].map((one) => one.querySelector("code"));
    if (a.className === b.className) {
      if (a.textContent !== b.textContent) a.replaceChildren(...b.childNodes);
      colour(a);
      return;
    }
  }
  if (old?.className === "table" && fresh?.className === "table") {
    old.querySelector("table").replaceWith(fresh.querySelector("table"));
    return;
  }
  const at = reachable(box).indexOf(document.activeElement);
  box.replaceChildren(fragment);
  if (at >= 0) reachable(box)[at]?.focus({ preventScroll: true });
}

const reachable = (box) => [...box.querySelectorAll("button, a, [tabindex]")];
