// All collections I may read, by why I may: mine, given to me, my groups', open to everybody.

import { api, boot, fill, gettext, h, icon, inSeries } from "./lib.js";
import { audience, documents, readers } from "./readers.js";

const PAGE = 100;
const MOST = 1000;
const TYPING = 250;

const SHELVES = [
  {
    name: () => gettext("Yours"),
    told: () => gettext("With a lock: only you. You decide who else reads a collection, under Share."),
    has: (collection) => collection.owner_id === boot.user.id,
  },
  {
    name: () => gettext("Shared with you"),
    told: () => gettext("Somebody lets you read these. What you ask about them stays yours."),
    has: (collection) => collection.given_to_me,
  },
  {
    name: () => gettext("From your groups"),
    told: () => gettext("Everybody in the group reads the same."),
    has: (collection) => collection.my_groups.length,
  },
  {
    name: () => gettext("Open to everybody"),
    told: () => gettext("Everybody who has an account here reads these."),
    has: () => true,
  },
];

/** Every collection meant for me; the API gives them in pages. */
export async function meantForMe() {
  const found = [];
  for (let total = 1; found.length < Math.min(total, MOST); ) {
    const page = await api(`collections?for_me=true&limit=${PAGE}&skip=${found.length}`);
    total = page.total;
    found.push(...page.collections);
    if (!page.collections.length) break;
  }
  return found;
}

export class Shelves {
  /** on: open(id), make() */
  #begun = inSeries();
  #begunOthers = inSeries();

  constructor(on) {
    this.on = on;
    this.mine = null;
    this.foreign = null;
    this.search = h("input", {
      type: "search",
      className: "search",
      placeholder: gettext("Find a collection"),
      "aria-label": gettext("Find a collection"),
      oninput: () => this.#typed(),
    });
    this.list = h("div", { className: "shelves" });
    this.note = h("p", { className: "quiet", role: "status" }, gettext("Looking for collections…"));
    this.others = boot.user.is_admin ? this.#others() : null;
    const make = h(
      "button",
      { type: "button", className: "button primary", onclick: () => on.make() },
      icon("plus"),
      gettext("New collection"),
    );
    this.element = h(
      "div",
      { className: "shelf-body" },
      h(
        "p",
        { className: "lead" },
        gettext("A collection is a set of documents that the same people may read."),
      ),
      h("div", { className: "shelf-bar" }, this.search, make),
      this.note,
      this.list,
      this.others,
    );
  }

  async load() {
    const isLast = this.#begun();
    this.#loadOthers();
    try {
      const mine = await meantForMe();
      if (!isLast()) return;
      this.mine = mine;
      this.draw();
    } catch (error) {
      if (isLast()) this.note.textContent = error.message;
    }
  }

  draw() {
    this.#drawOthers();
    const wanted = this.search.value.trim().toLowerCase();
    const left = new Set(this.mine.filter(({ name }) => name.toLowerCase().includes(wanted)));
    const count = left.size;
    const parts = SHELVES.map(({ name, told, has }, index) => {
      const rows = [...left].filter(has);
      for (const row of rows) left.delete(row);
      return rows.length ? this.#shelf(name(), told(), rows, `shelf-${index}`) : null;
    });
    this.list.replaceChildren(...parts.filter(Boolean));
    if (wanted && !count)
      this.note.textContent = fill(gettext("No collection here is called “%(words)s”."), {
        words: this.search.value.trim(),
      });
    else this.note.textContent = count ? "" : gettext("Nothing here yet. Make a collection and add your course material to it.");
  }

  #shelf(name, told, rows, id) {
    return h(
      "section",
      { "aria-labelledby": id },
      h("h2", { id, className: "shelf-name" }, name),
      h("p", { className: "quiet shelf-told" }, told),
      h(
        "ul",
        { className: "shelf-list" },
        rows.map((row) => this.#row(row)),
      ),
    );
  }

  #row(row) {
    return h(
      "li",
      {},
      h(
        "a",
        {
          className: "shelf-row",
          href: `/library/${row.id}/`,
          "data-collection": row.id,
          onclick: (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            this.on.open(row.id);
          },
        },
        icon(audience(row)),
        h("b", { dir: "auto" }, row.name),
        h("span", { className: "quiet" }, `${documents(row.document_count)} · ${readers(row)}`),
      ),
    );
  }

  // --- what only admins see, and only when they ask -------------------------------------------
  #others() {
    this.rest = h("div", { className: "stack" });
    return h(
      "details",
      { className: "others", ontoggle: () => this.#loadOthers() },
      h("summary", {}, gettext("Everybody else's")),
      this.rest,
    );
  }

  async #loadOthers() {
    if (!this.others?.open) return;
    const isLast = this.#begunOthers();
    const words = this.search.value.trim();
    const search = words ? `&search=${encodeURIComponent(words)}` : "";
    try {
      const page = await api(`collections?limit=${PAGE}${search}`);
      if (!isLast()) return;
      this.foreign = page;
      this.#drawOthers();
    } catch (error) {
      if (isLast()) this.rest.replaceChildren(h("p", { className: "quiet" }, error.message));
    }
  }

  /** Drawn with either list: which are others' is known when both have come. */
  #drawOthers() {
    if (!this.foreign || !this.mine) return;
    const known = new Set(this.mine.map(({ id }) => id));
    const rows = this.foreign.collections.filter(({ id }) => !known.has(id));
    const more = this.foreign.total > this.foreign.collections.length;
    this.rest.replaceChildren(
      h(
        "p",
        { className: "quiet" },
        gettext("You see these as an administrator. Your own questions are not answered from them."),
      ),
      h(
        "ul",
        { className: "shelf-list" },
        rows.map((row) => this.#row(row)),
      ),
      more
        ? h("p", { className: "quiet" }, gettext("There are more. Search by name or by the owner's e-mail address."))
        : "",
      rows.length ? "" : h("p", { className: "quiet" }, gettext("There are no others.")),
    );
  }

  #typed() {
    if (this.mine) this.draw();
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.#loadOthers(), TYPING);
  }
}
