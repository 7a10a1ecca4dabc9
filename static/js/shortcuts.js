// The sheet of keys. Comes when it is asked for.

import { $, gettext, h, letters } from "./lib.js";
import { asking } from "./dialogs.js";

const WORDS = {
  h: () => gettext("This sheet"),
  n: () => gettext("New chat"),
  f: () => gettext("Search my chats"),
  q: () => gettext("Write a question"),
  s: () => gettext("Stop the answer"),
  c: () => gettext("Copy the last answer"),
  j: () => gettext("Next chat in the list"),
  k: () => gettext("Chat before in the list"),
};

// In an open source, wherever the page is one.
const SOURCE = [
  [["←", "→"], () => gettext("Page before, next page (in an open source)")],
  [["Ctrl", "F"], () => gettext("Find in the open source")],
];

const key = (name) => h("kbd", {}, name);

/** names: the letters that do something on this page */
export async function sheet(names) {
  const alone = h("input", {
    type: "checkbox",
    id: "letters-alone",
    checked: letters.on,
    onchange: () => {
      letters.on = alone.checked;
    },
  });
  const rows = names.map((name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, key(name.toUpperCase()), name === "h" ? [" ", key("?")] : null),
      h("td", {}, WORDS[name]()),
    ),
  );
  for (const [signs, words] of SOURCE)
    rows.push(
      h(
        "tr",
        {},
        h("th", { scope: "row" }, signs.flatMap((sign) => [key(sign), " "])),
        h("td", {}, words()),
      ),
    );
  await asking(
    gettext("Keyboard shortcuts"),
    [
      h("table", { className: "plain-table keys-table" }, h("tbody", {}, rows)),
      h("p", { className: "quiet" }, gettext("While you write, press Alt and Shift with the letter. Escape closes what is open.")),
      h(
        "div",
        { className: "field check" },
        alone,
        h("label", { htmlFor: alone.id }, gettext("Letters work alone, too, where nothing is written")),
      ),
    ],
    "",
    () => {},
    { stays: true },
  );
  if (document.activeElement === document.body) ($("say") ?? $("title")).focus();
}
