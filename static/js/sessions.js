// The sidebar: my chats by day, strung on their cord; found by their words, renamed in place.

import { $, announce, api, boot, date, fill, gettext, h, icon, inSeries, ngettext, tool } from "./lib.js";

const PAGE = 50;
const DAY = 86400000;
const TYPED = 250; // ms of rest before a search
// Other windows of this browser: what changed here changes there.
const others = "BroadcastChannel" in window ? new BroadcastChannel("lontar.chats") : null;
const begun = inSeries();

export class Sessions {
  /** on: open(id), gone(id), failed(error), renamed?(id, title), print?(id) */
  constructor(on) {
    this.on = on;
    this.rows = new Map(); // id → {id, title, updated_at}
    this.box = $("sessions");
    this.menu = $("session-menu");
    this.words = ""; // searched for
    this.putAway = false; // whether the archive is shown
    this.#search();
    others?.addEventListener("message", ({ data }) => this.#heard(data));
    this.load();
  }

  #search() {
    const input = $("find-chats-words");
    const look = () => {
      clearTimeout(this.timer);
      if (input.value.trim() === this.words) return;
      this.words = input.value.trim();
      this.again();
    };
    input.oninput = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(look, TYPED);
    };
    $("find-chats").onsubmit = (event) => {
      event.preventDefault();
      look();
    };
    input.onkeydown = (event) => {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        this.box.querySelector(".session a")?.focus();
      }
    };
  }

  /** To the box that searches; on a phone the list comes first. */
  find() {
    const side = $("sidebar");
    if (side.popover && !side.matches(":popover-open")) side.showPopover();
    $("find-chats-words").focus();
  }

  /** The row `step` places below the open chat; the first one when none is open. */
  beside(step) {
    const ids = [...this.rows.keys()];
    const at = ids.indexOf(this.current);
    return this.rows.get(at < 0 ? ids[0] : ids[at + step]);
  }

  /** From the start: other words, or the other side of the archive. */
  again() {
    this.rows.clear();
    return this.load();
  }

  async load() {
    const isLast = begun();
    const asked = new URLSearchParams({ limit: PAGE, skip: this.rows.size });
    if (this.words) asked.set("search", this.words);
    asked.set("archived", this.words ? "any" : String(this.putAway));
    try {
      // The first of them came with the page.
      const page = boot.chats ?? (await api(`chat/sessions?${asked}`));
      delete boot.chats;
      if (!isLast()) return;
      for (const session of page.sessions) this.rows.set(session.id, session);
      this.total = page.total;
      this.draw();
      if (this.words) {
        const words = ngettext("%(count)s chat found", "%(count)s chats found", this.total);
        announce(fill(words, { count: this.total }));
      }
    } catch (error) {
      if (isLast()) this.box.replaceChildren(h("p", { className: "quiet" }, error.message));
    }
  }

  /** A change made here, for the other windows. */
  tell(change) {
    others?.postMessage(change);
  }

  #heard({ row, gone }) {
    if (gone) {
      this.forget(gone);
      this.on.gone(gone);
    } else if (this.rows.has(row.id)) this.#changed(row);
    else this.again();
  }

  #changed(row) {
    const { title } = row;
    Object.assign(this.rows.get(row.id), row);
    if (!this.words && Boolean(row.archived_at) !== this.putAway) this.forget(row.id);
    this.draw();
    this.on.renamed?.(row.id, title);
  }

  /** Changes a session's row; the error is told, and false then. */
  async change(row, body) {
    try {
      const changed = await api(`chat/sessions/${row.id}`, { method: "PATCH", body });
      const { id, title, status, archived_at } = changed;
      this.#changed({ id, title, status, archived_at });
      this.tell({ row: { id, title, status, archived_at } });
      return true;
    } catch (error) {
      this.on.failed(error);
      return false;
    }
  }

  /** Puts a session first: it is new, or something was just said in it. */
  touch(session) {
    if (this.putAway || this.words) {
      this.putAway = false;
      this.words = $("find-chats-words").value = "";
      this.again();
      return;
    }
    if (!this.rows.has(session.id)) this.total += 1;
    const row = { ...this.rows.get(session.id), ...session, updated_at: new Date().toISOString() };
    this.rows.delete(session.id);
    this.rows = new Map([[session.id, row], ...this.rows]);
    this.draw();
  }

  /** What another tab, or the server, says of a session. */
  update(id, { title, status, archived_at }) {
    const row = this.rows.get(id);
    const same = row?.title === title && row.status === status && row.archived_at === archived_at;
    if (!row || same) return;
    Object.assign(row, { title, status, archived_at });
    if (!this.words && Boolean(archived_at) !== this.putAway) this.forget(id);
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
    if (!parts.length) parts.push(h("p", { className: "quiet" }, this.#nothing()));
    if (this.total > this.rows.size) {
      parts.push(
        h(
          "button",
          { type: "button", className: "button link small", onclick: () => this.load() },
          gettext("Show older chats"),
        ),
      );
    }
    if (!this.words) parts.push(this.#archive());
    this.box.replaceChildren(...parts);
  }

  #nothing() {
    if (this.words) return gettext("No chat has all of these words.");
    if (this.putAway) return gettext("The archive is empty.");
    return gettext("Your chats will be listed here.");
  }

  #archive() {
    return h(
      "button",
      {
        type: "button",
        className: "button link small",
        onclick: async () => {
          this.putAway = !this.putAway;
          await this.again();
          this.box.querySelector("button.link:last-child")?.focus();
        },
      },
      icon(this.putAway ? "back" : "box"),
      this.putAway ? gettext("Back to my chats") : gettext("Archive"),
    );
  }

  #row(row) {
    const current = row.id === this.current;
    const title = row.title || gettext("New chat");
    return h(
      "li",
      {
        className: "session",
        "data-current": current,
        "data-id": row.id,
        "data-put-away": Boolean(row.archived_at),
      },
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
        row.status === "COMPLETED" ? doneMark() : null,
        title,
      ),
      tool("more", fill(gettext("More for “%(title)s”"), { title }), (event) =>
        this.#more(event.currentTarget, row),
      ),
    );
  }

  async #more(button, row) {
    const [{ beside }, { items }] = await Promise.all([
      import("./citations.js"),
      import("./session_menu.js"),
    ]);
    this.menu.replaceChildren(...items(this, row));
    this.menu.onkeydown = (event) => this.#step(event);
    this.menu.showPopover();
    beside(this.menu, button);
    this.menu.querySelector("a, button").focus();
  }

  /** Up and down in the menu, as in every list of choices. */
  #step(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const choices = [...this.menu.querySelectorAll("a, button")];
    const at = choices.indexOf(document.activeElement) + by;
    choices[(at + choices.length) % choices.length].focus();
  }

  rename(row) {
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
      if (keep && title && title !== row.title) await this.change(row, { title });
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
}

const doneMark = () => {
  const mark = icon("check");
  mark.classList.add("done");
  mark.removeAttribute("aria-hidden");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", gettext("Completed:"));
  return mark;
};

function dayOf(when) {
  const start = (value) => new Date(value.getFullYear(), value.getMonth(), value.getDate());
  const days = Math.round((start(new Date()) - start(when)) / DAY);
  if (days <= 0) return gettext("Today");
  if (days === 1) return gettext("Yesterday");
  if (days < 7) return date(when, { weekday: "long" });
  return date(when, { month: "long", year: "numeric" });
}
