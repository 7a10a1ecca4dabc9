// The text of a page that is no picture: its tables as tables, the marked words marked.

import { h } from "./lib.js";

const ROW = /^\|.*\|\s*$/;
const RULE = /^\|[\s:|-]+\|\s*$/; // below the header of a table in Markdown

/** Nodes for `text`; what stands from `start` to `end` is in <mark>. Offsets count as in the text. */
export function readable(text, start = 0, end = 0) {
  const cut = (from, to) => marked(text, from, to, start, end);
  const nodes = [];
  let plain = 0;
  for (const rows of tables(text)) {
    nodes.push(...cut(plain, rows[0].from));
    nodes.push(table(rows, cut));
    plain = rows.at(-1).to;
  }
  nodes.push(...cut(plain, text.length));
  return nodes;
}

function marked(text, from, to, start, end) {
  const first = Math.max(from, Math.min(start, to));
  const last = Math.max(first, Math.min(end, to));
  return [
    text.slice(from, first),
    first < last ? h("mark", {}, text.slice(first, last)) : "",
    text.slice(last, to),
  ].filter(Boolean);
}

/** Runs of two rows and more, each row as {from, to, line}. One line with bars is a line. */
function* tables(text) {
  let rows = [];
  let from = 0;
  for (const line of [...text.split("\n"), ""]) {
    if (ROW.test(line)) rows.push({ from, to: from + line.length, line });
    else {
      if (rows.length > 1) yield rows;
      rows = [];
    }
    from += line.length + 1;
  }
}

function table(rows, cut) {
  const shown = rows.filter(({ line }) => !RULE.test(line));
  const cells = (row, tag) =>
    h(
      "tr",
      {},
      spans(row).map(([from, to]) => h(tag, { dir: "auto" }, cut(from, to))),
    );
  return h(
    "table",
    {},
    shown.map((row, number) => cells(row, number ? "td" : "th")),
  );
}

/** Where the words of each cell begin and end; a bar behind a backslash is one of them. */
function spans({ from, line }) {
  const bars = [...line.matchAll(/(?<!\\)\|/g)].map(({ index }) => index);
  return bars.slice(1).map((bar, number) => {
    const inner = line.slice(bars[number] + 1, bar);
    const begin = from + bars[number] + 1 + inner.length - inner.trimStart().length;
    return [begin, begin + inner.trim().length];
  });
}
