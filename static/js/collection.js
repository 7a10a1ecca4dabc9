// One collection: who can read it, and its documents with what can be done about them.

import { $, announce, api, boot, fill, gettext, h, icon, inSeries, tool } from "./lib.js";
import { Batch } from "./batch.js";
import { canOpen, isMine } from "./file.js";
import { audience, canShare, readers } from "./readers.js";

const PAGE = 100;
const TYPING = 250;
const SORTS = {
  newest: () => gettext("Newest first"),
  oldest: () => gettext("Oldest first"),
  name: () => gettext("By name"),
  size: () => gettext("Largest first"),
};

export class CollectionView {
  #begun = inSeries();

  /** on: gone(words), renamed(name), failed(error), menu(button, items), view(row, element, back) */
  constructor(id, material, on) {
    this.id = id;
    this.material = material;
    this.on = on;
    this.element = h("div", { className: "shelf-body" });
    this.list = h("ul", { className: "file-list", "aria-label": gettext("Documents") });
    this.note = h("p", { className: "quiet", role: "status" }, gettext("Looking for documents…"));
    this.more = h(
      "button",
      { type: "button", className: "button", hidden: true, onclick: () => this.#page() },
      gettext("Show more"),
    );
    this.search = h("input", {
      type: "search",
      className: "search",
      placeholder: gettext("Find a document"),
      "aria-label": gettext("Find a document"),
      hidden: true,
      oninput: () => this.#typed(),
    });
    this.sort = h(
      "select",
      {
        className: "search sort",
        "aria-label": gettext("Order of the documents"),
        hidden: true,
        onchange: () => this.#first(),
      },
      Object.entries(SORTS).map(([value, name]) => h("option", { value }, name())),
    );
    this.batch = new Batch(material);
    this.closedTo = h("p", { className: "readers" });
  }

  /** Asks again who may read it and what is in it; what the page said before may be over. */
  async load() {
    const isLast = this.#begun();
    try {
      const collection = await api(`collections/${this.id}`);
      if (this.left || !isLast()) return;
      this.collection = collection;
    } catch (error) {
      // Elsewhere by now: the head of the page belongs to another collection.
      if (!this.left && isLast()) this.#lost(error);
      return;
    }
    this.on.renamed(this.collection.name);
    this.material.into = this.id;
    this.material.closed = this.collection.can_change
      ? ""
      : gettext("You can read this collection, but not add documents to it.");
    this.material.show(this.list, { place: "shelf", belongs: (row) => this.#belongs(row) });
    this.#head();
    await this.#first();
  }

  leave() {
    this.left = true;
    clearTimeout(this.typing);
    this.material.show(null);
  }

  #lost(error) {
    this.material.show(null);
    this.material.closed = error.message;
    $("head-tools").replaceChildren();
    this.on.renamed(gettext("Library"));
    this.element.replaceChildren(
      h(
        "div",
        { className: "lost" },
        h(
          "h2",
          {},
          error.status === 404
            ? gettext("This collection is not here, or it is not shared with you any more.")
            : error.message,
        ),
        h("a", { className: "button", href: "/library/" }, gettext("All collections")),
      ),
    );
  }

  // --- its head --------------------------------------------------------------------------------
  #head() {
    const { collection } = this;
    const who = fill(gettext("Who can read this: %(who)s"), { who: readers(collection) });
    this.closedTo.replaceChildren(icon(audience(collection)), h("span", {}, who));
    const add = h(
      "button",
      { type: "button", className: "button primary", onclick: () => this.material.choose() },
      icon("plus"),
      gettext("Add files"),
    );
    const typing = document.activeElement === this.search;
    this.element.replaceChildren(
      collection.description
        ? h("p", { className: "lead", dir: "auto" }, collection.description)
        : "",
      this.closedTo,
      h("div", { className: "shelf-bar" }, this.search, this.sort, collection.can_change ? add : ""),
      this.batch.element,
      this.note,
      this.list,
      this.more,
    );
    this.batch.draw();
    if (typing) this.search.focus();
    this.#tools();
  }

  #tools() {
    const { collection } = this;
    const share = h(
      "button",
      { type: "button", className: "tool named", id: "share", onclick: () => this.#share() },
      icon("people"),
      gettext("Share"),
    );
    const items = this.#items();
    const more = tool("more", gettext("More for this collection"), (event) =>
      this.on.menu(event.currentTarget, items),
    );
    $("head-tools").replaceChildren(canShare(collection) ? share : "", items.length ? more : "");
  }

  #items() {
    const { collection } = this;
    const items = [];
    if (collection.can_change)
      items.push(["pen", gettext("Name and description"), () => this.#describe()]);
    if (collection.given_to_me && !collection.can_change)
      items.push(["leave", gettext("Leave"), () => this.#leave()]);
    if (collection.can_change && collection.kind === "shared")
      items.push(["bin", gettext("Delete"), () => this.#remove(), "danger"]);
    return items;
  }

  async #share() {
    const { share } = await import("./dialogs.js");
    if (!(await share(this.collection))) return;
    await this.load();
    announce(fill(gettext("Who can read this: %(who)s"), { who: readers(this.collection) }));
    $("share")?.focus();
  }

  async #describe() {
    const { describe } = await import("./dialogs.js");
    if (await describe(this.collection)) await this.load();
  }

  async #remove() {
    const { remove } = await import("./dialogs.js");
    // How much is in it now, not when the page was opened.
    this.collection = await api(`collections/${this.id}`);
    if (!(await remove(this.collection))) return;
    this.material.forget([...this.material.files.values()].filter((row) => this.#mayHave(row)));
    this.on.gone(fill(gettext("“%(name)s” is deleted."), { name: this.collection.name }));
  }

  async #leave() {
    const { confirmFirst } = await import("./lib.js");
    const { name } = this.collection;
    const sure = await confirmFirst(
      fill(gettext("Leave “%(name)s”?"), { name }),
      gettext("You cannot read it any more, unless its owner shares it with you again."),
      gettext("Leave"),
    );
    if (!sure) return;
    try {
      await api(`collections/${this.id}/leave`, { method: "POST" });
      this.on.gone(fill(gettext("You have left “%(name)s”."), { name }));
    } catch (error) {
      this.on.failed(error);
    }
  }

  // --- its documents ---------------------------------------------------------------------------
  #mayHave(row) {
    return row.collection_id === this.id;
  }

  #belongs(row) {
    if (!this.#mayHave(row)) return false;
    const words = this.words?.toLowerCase();
    return !words || this.found.has(row.key) || row.name.toLowerCase().includes(words);
  }

  async #first() {
    this.found = new Set();
    this.words = this.search.value.trim();
    this.order = this.sort.value;
    this.#stale = new Set(
      [...this.material.files.values()].filter((row) => this.#mayHave(row) && row.id),
    );
    await this.#page();
  }

  #stale = new Set();

  async #page() {
    const { words, order: sort } = this;
    const search = words ? `&search=${encodeURIComponent(words)}` : "";
    let page;
    try {
      page = await api(
        `collections/${this.id}/files?limit=${PAGE}&skip=${this.found.size}&sort=${sort}${search}`,
      );
    } catch (error) {
      this.note.textContent = error.message;
      return;
    }
    if (this.left || words !== this.words || sort !== this.order) return;
    const batch = new Set([...this.#stale].filter((row) => row.batch).map((row) => row.key));
    this.material.forget(this.#stale);
    this.#stale.clear();
    for (const document of page.files) {
      const before = this.material.files.get(document.id) ?? { batch: batch.has(document.id) };
      const name = document.original_filename ?? document.filename;
      this.material.files.set(document.id, { ...before, ...document, key: document.id, name });
      this.found.add(document.id);
    }
    this.more.hidden = this.found.size >= page.total;
    this.#draw();
  }

  /** All rows anew, as the server ordered them; what it did not name is new, and stands on top. */
  #draw() {
    this.list.replaceChildren();
    const places = new Map([...this.found].map((id, place) => [id, place]));
    const place = (row) => places.get(row.key) ?? -1;
    // Each is put before the others.
    const rows = [...this.material.files.values()].sort((a, b) => place(b) - place(a));
    for (const row of rows) this.material.draw(row);
    this.changed();
  }

  /** Once for all rows that change at the same time. */
  drawn() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.batch.draw();
    });
  }

  /** The sentence for a list without rows. */
  changed() {
    if (!this.collection || !this.found) return;
    const any = this.list.childElementCount > 0;
    this.search.hidden = this.sort.hidden = !any && !this.words;
    if (any) this.note.textContent = "";
    else if (this.words)
      this.note.textContent = fill(gettext("No document here has “%(words)s” in its name."), {
        words: this.words,
      });
    else
      this.note.textContent = this.collection.can_change
        ? gettext(
            "No documents yet. Choose files, or drop them anywhere on this page: PDF, Word, PowerPoint, HTML, CSV, text or Markdown.",
          )
        : gettext("No documents yet. Whoever shared this collection has not added any.");
  }

  #typed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.#first(), TYPING);
  }

  /** What can be done with one document. */
  menuFor(row, button) {
    const mine = boot.user.is_admin || isMine(row);
    const done = row.status === "PROCESSED";
    const view = () => this.on.view(row, button);
    const again = () => this.material.act(row, "reprocess");
    const items = [
      canOpen(row) && ["book", gettext("Open"), view],
      done && ["save", gettext("Download"), `/api/v1/files/${row.id}/download`],
      mine && done && ["again", gettext("Read it again"), again],
      mine && ["files", gettext("Move to another collection"), () => this.#move(row)],
      mine && ["bin", gettext("Delete"), () => this.material.delete(row), "danger"],
    ];
    this.on.menu(button, items.filter(Boolean));
  }

  async #move(row) {
    try {
      const { move } = await import("./dialogs.js");
      const moved = await move(row);
      if (!moved) return;
      this.material.told(moved);
      announce(fill(gettext("“%(name)s” is moved."), { name: row.name }));
      this.changed();
    } catch (error) {
      this.on.failed(error);
    }
  }
}
