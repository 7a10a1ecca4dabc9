// The sidebar: my chats by day, strung on their cord; rename in place, delete after a question.

import { $, api, confirmFirst, date, fill, gettext, h, icon, tool } from "./lib.js";

const PAGE = 50;
const DAY = 86400000;

export class Sessions {
  /** on: open(id), gone(id), failed(error) */
  constructor(on) {
    this.on = on;
    this.rows = new Map(); // id → {id, title, updated_at}
    this.box = $("sessions");
    this.menu = $("session-menu");
    this.load();
  }

  async load() {
    try {
      const page = await api(`chat/sessions?limit=${PAGE}&skip=${this.rows.size}`);
      for (const session of page.sessions) this.rows.set(session.id, session);
      this.total = page.total;
      this.draw();
    } catch (error) {
      this.box.replaceChildren(h("p", { className: "quiet" }, error.message));
    }
  }

  /** Puts a session first: it is new, or something was just said in it. */
  touch(session) {
    const row = { ...this.rows.get(session.id), ...session, updated_at: new Date().toISOString() };
    this.rows.delete(session.id);
    this.rows = new Map([[session.id, row], ...this.rows]);
    this.draw();
  }

  /** What another tab, or the server, says of a session. */
  update(id, { title, status }) {
    const row = this.rows.get(id);
    if (!row || (row.title === title && row.status === status)) return;
    Object.assign(row, { title, status });
    this.draw();
  }

  forget(id) {
    if (this.rows.delete(id)) this.total -= 1;
    this.draw();
  }

  title(id, title) {
    const row = this.rows.get(id);
    if (!row || row.title === title) return;
    row.title = title;
    this.draw();
  }

  select(id) {
    this.current = id;
    this.draw();
  }

  draw() {
    const groups = new Map();
    for (const row of this.rows.values()) {
      const name = dayOf(new Date(row.updated_at ?? row.started_at));
      groups.set(name, [...(groups.get(name) ?? []), row]);
    }
    const parts = [...groups].flatMap(([name, rows], index) => [
      h("h2", { className: "day", id: `day-${index}` }, name),
      h(
        "ul",
        { className: "strung", "aria-labelledby": `day-${index}` },
        rows.map((row) => this.#row(row)),
      ),
    ]);
    if (!parts.length)
      parts.push(h("p", { className: "quiet day" }, gettext("Your chats will be listed here.")));
    if (this.total > this.rows.size) {
      parts.push(
        h(
          "button",
          { type: "button", className: "button link small", onclick: () => this.load() },
          gettext("Show older chats"),
        ),
      );
    }
    this.box.replaceChildren(...parts);
  }

  #row(row) {
    const current = row.id === this.current;
    const title = row.title || gettext("New chat");
    return h(
      "li",
      { className: "session", "data-current": current, "data-id": row.id },
      h(
        "a",
        {
          href: `/chat/${row.id}/`,
          title,
          dir: "auto",
          "aria-current": current ? "page" : undefined,
          onclick: (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            this.on.open(row.id);
          },
        },
        title,
      ),
      tool("more", fill(gettext("More for “%(title)s”"), { title }), (event) =>
        this.#more(event.currentTarget, row),
      ),
    );
  }

  async #more(button, row) {
    const item = (name, words, run, className) =>
      h(
        "button",
        {
          type: "button",
          className,
          onclick: () => {
            this.menu.hidePopover();
            run();
          },
        },
        icon(name),
        words,
      );
    this.menu.replaceChildren(
      item("pen", gettext("Rename"), () => this.#rename(row)),
      item("bin", gettext("Delete"), () => this.#delete(row), "danger"),
    );
    const { beside } = await import("./citations.js");
    this.menu.showPopover();
    beside(this.menu, button);
    this.menu.querySelector("button").focus();
  }

  #rename(row) {
    const place = this.box.querySelector(`[data-id="${row.id}"]`);
    const input = h("input", {
      value: row.title,
      maxLength: 200,
      "aria-label": gettext("Title of the chat"),
    });
    let done = false;
    const finish = async (keep) => {
      if (done) return;
      done = true;
      const title = input.value.trim();
      if (keep && title && title !== row.title) {
        const before = row.title;
        row.title = title;
        try {
          await api(`chat/sessions/${row.id}`, { method: "PATCH", body: { title } });
          this.on.renamed?.(row.id, title);
        } catch (error) {
          row.title = before;
          this.on.failed(error);
        }
      }
      this.draw();
      this.box.querySelector(`[data-id="${row.id}"] a`)?.focus();
    };
    input.onkeydown = (event) => {
      if (event.key === "Enter" && !event.isComposing) finish(true);
      if (event.key === "Escape") {
        event.stopPropagation();
        finish(false);
      }
    };
    input.onblur = () => finish(true);
    place.replaceChildren(input);
    input.focus();
    input.select();
  }

  async #delete(row) {
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
        this.on.failed(error);
        return;
      }
    }
    this.rows.delete(row.id);
    this.total -= 1;
    this.draw();
    this.on.gone(row.id);
  }
}

function dayOf(when) {
  const start = (value) => new Date(value.getFullYear(), value.getMonth(), value.getDate());
  const days = Math.round((start(new Date()) - start(when)) / DAY);
  if (days <= 0) return gettext("Today");
  if (days === 1) return gettext("Yesterday");
  if (days < 7) return date(when, { weekday: "long" });
  return date(when, { month: "long", year: "numeric" });
}
