// Find in a document: the server looks through all pages, the viewer goes from place to place.

import { announce, api, fill, gettext, h, tool } from "./lib.js";

const PAUSE = 250;

export class FindBar {
  /** show(place): go to {page, start, end}; close(): back to the page. */
  constructor(documentId, { show, close }) {
    this.documentId = documentId;
    this.show = show;
    this.places = [];
    this.at = -1;
    this.asked = "";
    this.box = h("input", {
      type: "search",
      maxLength: 200,
      placeholder: gettext("Find in this document"),
      "aria-label": gettext("Find in this document"),
      oninput: () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#ask(), PAUSE);
      },
      onkeydown: (event) => this.#key(event, close),
    });
    this.count = h("span", { className: "quiet", role: "status" });
    this.before = tool("up", gettext("Place before"), () => this.step(-1), { disabled: true });
    this.next = tool("down", gettext("Next place"), () => this.step(1), { disabled: true });
    this.element = h(
      "div",
      { className: "view-find", role: "search" },
      this.box,
      this.count,
      this.before,
      this.next,
      tool("close", gettext("Close the search"), close),
    );
  }

  #key(event, close) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (this.asked === this.box.value.trim()) this.step(event.shiftKey ? -1 : 1);
    else this.#ask();
  }

  async #ask() {
    clearTimeout(this.timer);
    const words = this.box.value.trim();
    if (words === this.asked) return;
    this.asked = words;
    this.places = [];
    this.at = -1;
    this.#tell("");
    if (words.length < 2) return;
    try {
      const found = await api(`files/${this.documentId}/search?q=${encodeURIComponent(words)}`);
      if (this.asked !== words) return;
      this.places = found.matches;
      this.more = found.truncated;
      if (found.total) this.step(1);
      else this.#tell(gettext("Not in this document"));
    } catch (error) {
      if (this.asked === words) this.#tell(error.message);
    }
  }

  step(by) {
    const { length } = this.places;
    if (!length) return;
    // The first one that is found is the one on the page in sight, or after it.
    if (this.at < 0) this.at = Math.max(0, this.places.findIndex((place) => place.page >= this.from));
    else this.at = (this.at + by + length) % length;
    const place = this.places[this.at];
    const total = this.more ? `${length}+` : length;
    this.#tell(fill(gettext("%(number)s of %(total)s"), { number: this.at + 1, total }));
    announce(`${place.before}${place.match}${place.after}`);
    this.show(place);
  }

  #tell(words) {
    this.count.textContent = words;
    this.before.disabled = this.next.disabled = this.places.length < 2;
  }
}
