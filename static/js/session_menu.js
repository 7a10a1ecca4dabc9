// What can be done with a chat in the list: the menu behind its three dots. Comes when it is opened.

import { api, confirmFirst, date, fill, gettext, h, icon } from "./lib.js";
import { copy } from "./copying.js";
import { asking } from "./dialogs.js";

const HOURS = 3600000;

/** sessions: the Sessions of the page; row: the session's */
export function items(sessions, row) {
  const { menu, on } = sessions;
  const item = (name, words, run, className) =>
    h(
      "button",
      {
        type: "button",
        className,
        onclick: () => {
          menu.hidePopover();
          run();
        },
      },
      icon(name),
      words,
    );
  const file = (as, words) =>
    h(
      "a",
      {
        href: `/api/v1/chat/sessions/${row.id}/export?as=${as}`,
        download: "",
        onclick: () => menu.hidePopover(),
      },
      icon("save"),
      words,
    );
  const completed = row.status === "COMPLETED";
  return [
    item("pen", gettext("Rename"), () => sessions.rename(row)),
    item("share", gettext("Share by link"), () => share(row)),
    file("markdown", gettext("Save as Markdown")),
    file("json", gettext("Save as JSON")),
    on.print ? item("print", gettext("Print or save as PDF"), () => on.print(row.id)) : null,
    item(
      completed ? "again" : "check",
      completed ? gettext("Reopen") : gettext("Mark as completed"),
      () => sessions.change(row, { status: completed ? "ACTIVE" : "COMPLETED" }),
    ),
    row.archived_at
      ? item("box", gettext("Take out of the archive"), () =>
          sessions.change(row, { archived: false }),
        )
      : item("box", gettext("Put into the archive"), () =>
          sessions.change(row, { archived: true }),
        ),
    item("bin", gettext("Delete"), () => remove(sessions, row), "danger"),
  ].filter(Boolean);
}

async function remove(sessions, row) {
  const sure = await confirmFirst(
    gettext("Delete this chat?"),
    fill(gettext("“%(title)s” and everything said in it will be gone for good."), {
      title: row.title || gettext("New chat"),
    }),
    gettext("Delete"),
  );
  if (!sure) return;
  try {
    await api(`chat/sessions/${row.id}`, { method: "DELETE" });
  } catch (error) {
    if (error.status !== 404) {
      sessions.on.failed(error);
      return;
    }
  }
  sessions.forget(row.id);
  sessions.tell({ gone: row.id });
  sessions.on.gone(row.id);
}

// --- shared links ----------------------------------------------------------------------------
const LASTING = [
  ["", () => gettext("Until I take it back")],
  [24, () => gettext("For a day")],
  [24 * 7, () => gettext("For a week")],
  [24 * 30, () => gettext("For thirty days")],
];

async function share(row) {
  const list = h("ul", { className: "link-list", "aria-label": gettext("Links to this chat") });
  const name = h("input", { type: "checkbox", id: "share-name" });
  const until = h(
    "select",
    { id: "share-until" },
    LASTING.map(([hours, words]) => h("option", { value: String(hours) }, words())),
  );
  const place = h("div", { className: "new-link-place", "aria-live": "polite" });
  draw(list, await links(row));
  await asking(
    gettext("Share this chat"),
    [
      h(
        "p",
        {},
        gettext(
          "Whoever has the link can read the chat as it is now, with the names of its sources and the words quoted from them. What you ask later is not in it, and documents open only for those who may read them.",
        ),
      ),
      h(
        "div",
        { className: "field" },
        h("label", { htmlFor: "share-until" }, gettext("How long the link lasts")),
        until,
      ),
      h(
        "div",
        { className: "field check" },
        name,
        h("label", { htmlFor: "share-name" }, gettext("Show my name")),
      ),
      place,
      list,
    ],
    gettext("Make a link"),
    async () => {
      const made = await api(`chat/sessions/${row.id}/shares`, {
        method: "POST",
        body: {
          shows_name: name.checked,
          expires_at: until.value
            ? new Date(Date.now() + Number(until.value) * HOURS).toISOString()
            : null,
        },
      });
      fresh(place, made.url);
      draw(list, await links(row));
    },
    { stays: true },
  );
}

const links = async (row) =>
  (await api(`chat/sessions/${row.id}/shares?limit=100`)).shares.filter(({ is_open }) => is_open);

/** The link stands here once: only its hash is kept. */
function fresh(place, url) {
  const input = h("input", {
    value: url,
    readOnly: true,
    "aria-label": gettext("The link"),
    onfocus: () => input.select(),
  });
  const button = h("button", { type: "button", className: "button" }, gettext("Copy"));
  button.onclick = async () => {
    try {
      await copy(url);
      button.textContent = gettext("Copied.");
    } catch (error) {
      console.warn(error);
      input.select();
    }
  };
  place.replaceChildren(
    h("div", { className: "new-link" }, input, button),
    h("p", { className: "quiet" }, gettext("Copy it now: it is not shown again.")),
  );
  input.focus();
}

function draw(list, rows) {
  const day = (text) => date(new Date(text), { dateStyle: "medium" });
  list.hidden = !rows.length;
  list.replaceChildren(
    ...rows.map((link) => {
      const made = fill(gettext("Link of %(day)s"), { day: day(link.created_at) });
      const ends = link.expires_at
        ? fill(gettext("until %(day)s"), { day: day(link.expires_at) })
        : "";
      const item = h(
        "li",
        {},
        h("span", {}, [made, ends].filter(Boolean).join(", ")),
        h(
          "button",
          {
            type: "button",
            className: "button small danger",
            onclick: async (event) => {
              event.currentTarget.disabled = true;
              await api(`chat/shares/${link.id}`, { method: "DELETE" });
              item.remove();
              list.hidden = !list.children.length;
            },
          },
          gettext("Take back"),
        ),
      );
      return item;
    }),
  );
}
