// Who else reads a chat: told above the question box before a word is written.

import { $, api, fill, gettext, h, icon } from "./lib.js";

/** about: {session_id} or {assistant_id}. Shows who reads; gives them as one text, "" for nobody. */
export async function tell(about) {
  const { readers } = await api(`chat/readers?${new URLSearchParams(about)}`);
  const classes = Map.groupBy
    ? Map.groupBy(readers, ({ group }) => group)
    : readers.reduce(
        (all, row) => all.set(row.group, [...(all.get(row.group) ?? []), row]),
        new Map(),
      );
  const words = [...classes].map(([group, rows]) =>
    fill(gettext("%(names)s can read this chat, for the class “%(group)s”."), {
      names: rows.map(({ full_name }) => full_name).join(", "),
      group,
    }),
  );
  $("class-readers").hidden = !readers.length;
  $("class-readers").replaceChildren(
    icon("people"),
    h(
      "span",
      {},
      `${words.join(" ")} `,
      h("a", { href: "/account/data/#opened-title" }, gettext("Who opened my chats")),
    ),
  );
  return readers.map(({ group, user_id }) => `${group} ${user_id}`).join("\n");
}
