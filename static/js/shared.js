// A shared chat: the answers as they look in the chat, their marks leading to the sources below.

import { boot } from "./lib.js";
import { onOpen, withMarks } from "./citations.js";
import { MarkdownView } from "./markdown.js";

onOpen((source, mark) => {
  const row = mark.closest(".answer").querySelector(`.source[data-number="${source.number}"]`);
  row?.scrollIntoView({ block: "center" });
  row?.focus();
});

for (const answer of document.querySelectorAll(".answer[data-turn]")) {
  const { content, sources } = boot.turns[Number(answer.dataset.turn)];
  const known = new Map(sources.map((source) => [source.number, source]));
  const prose = answer.querySelector(".prose");
  prose.replaceChildren();
  new MarkdownView(prose, (fragment) => withMarks(fragment, (number) => known.get(number))).set(
    content,
  );
}
