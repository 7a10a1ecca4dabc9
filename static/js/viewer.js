// The source viewer: one page of a document with the cited passage marked.

import { announce, api, fill, gettext, h, icon, placeWords, tool, turning } from "./lib.js";
import { About } from "./about.js";
import { FindBar } from "./find.js";
import { openPane } from "./pane.js";
import { readable } from "./words.js";

const ZOOMS = [0.75, 1, 1.25, 1.5, 2, 3];

let current = null;

/** target: {id, name, page, start?, end?}; `from`: where focus returns; `back`: to the file list;
    `whole`: not beside an answer. */
export function view(target, { from, back, whole = Boolean(back) } = {}) {
  current?.leave();
  current = new Viewer(target, { from, back, whole });
}

class Viewer {
  constructor(target, { from, back, whole }) {
    this.target = target;
    this.page = target.page ?? 1;
    // The words that are marked: the passage of the citation, or a place that was looked for.
    this.passage = target.end > target.start ? target : null;
    this.spot = this.passage;
    this.zoom = 1;
    this.told = turning("page").told;
    this.pages = new Map(); // number → what the server says of it
    const { body, pane, head } = openPane(target.name, {
      from,
      back,
      whole,
      onClose: () => this.leave(),
    });
    body.remove();
    this.about = new About(target.id);
    head.lastChild.before(this.about.button);
    this.scroll = h("div", {
      className: "view-scroll",
      tabIndex: 0,
      role: "region",
      "aria-label": gettext("Page"),
    });
    this.finder = new FindBar(target.id, {
      show: (place) => this.#show(place),
      close: () => this.#find(false),
    });
    this.finder.element.hidden = true;
    pane.append(this.about.element, this.#bar(), this.finder.element);
    if (target.note) pane.append(h("p", { className: "view-told", role: "status" }, target.note));
    pane.append(this.scroll);
    pane.addEventListener("keydown", (this.keys = (event) => this.#key(event)));
    this.resized = new ResizeObserver(() => {
      clearTimeout(this.resizeTimer);
      this.resizeTimer = setTimeout(() => {
        if (this.width !== this.#width()) this.#draw();
      }, 120);
    });
    this.#load();
  }

  leave() {
    this.left = true;
    this.drawing?.cancel();
    this.resized.disconnect();
    clearTimeout(this.resizeTimer);
    this.opening?.task.destroy();
    this.scroll.parentElement?.removeEventListener("keydown", this.keys);
    if (current === this) current = null;
  }

  #bar() {
    this.box = h("input", {
      type: "text",
      inputMode: "numeric",
      value: String(this.page),
      "aria-label": gettext("Page number"),
      onchange: () => this.go(Number(this.box.value) || this.page),
    });
    this.count = h("span", { className: "quiet" });
    this.before = tool("up", gettext("Page before"), () => this.go(this.page - 1));
    this.next = tool("down", gettext("Next page"), () => this.go(this.page + 1));
    this.zooms = [
      tool("minus", gettext("Smaller"), () => this.#zoom(-1), { className: "tool zoom" }),
      tool("fit", gettext("Fit to width"), () => this.#zoom(0), { className: "tool zoom" }),
      tool("plus", gettext("Larger"), () => this.#zoom(1), { className: "tool zoom" }),
    ];
    this.home = h(
      "button",
      {
        type: "button",
        className: "tool named",
        "aria-label": gettext("Passage"), // its word has no room on a phone
        hidden: !this.passage,
        onclick: () => this.#show(this.passage),
      },
      icon("book"),
      h("span", {}, gettext("Passage")),
    );
    return h(
      "div",
      { className: "view-bar", role: "toolbar", "aria-label": gettext("Viewer") },
      this.before,
      this.next,
      this.box,
      this.count,
      h("span", { className: "grow" }),
      this.home,
      tool("search", gettext("Find in this document"), () =>
        this.#find(this.finder.element.hidden),
      ),
      ...this.zooms,
      h(
        "a",
        {
          className: "tool",
          href: `/api/v1/files/${this.target.id}/download`,
          download: "",
          title: gettext("Download"),
          "aria-label": gettext("Download"),
        },
        icon("save"),
      ),
    );
  }

  #say(words) {
    this.scroll.replaceChildren(h("p", { className: "view-note" }, words));
  }

  async #load() {
    this.#say(gettext("Opening the page…"));
    const info = this.#page(this.page).catch((error) => error);
    let first = await info;
    if (this.left) return;
    if (first instanceof Error) {
      if (!this.target.kind) {
        this.#say(first.message);
        return;
      }
      first = {};
    }
    this.total = first.page_count;
    this.#name(first.unit ?? "page");
    if (!this.#isPdf(first)) {
      this.#draw();
      return;
    }
    try {
      const { openPdf, drawPage } = await import("./pdf.js");
      if (this.left) return;
      this.drawPage = drawPage;
      this.opening = openPdf(`/api/v1/files/${this.target.id}/download`);
      this.pdf = await this.opening.ready;
      this.total = this.pdf.numPages;
      this.labels = await this.pdf.getPageLabels();
    } catch (error) {
      // No original any more, or a file that only our reader could make sense of: show its words.
      console.warn(error);
      this.pdf = null;
    }
    if (this.left) return;
    this.#draw();
    this.resized.observe(this.scroll);
  }

  #isPdf(page) {
    return this.target.kind
      ? this.target.kind === "pdf"
      : page.kind
        ? page.kind === "pdf"
        : Boolean(page.width);
  }

  /** The tools say what this file counts; one part has nowhere to turn to. */
  #name(unit) {
    this.unit = unit;
    const words = turning(unit);
    this.told = words.told;
    this.scroll.setAttribute("aria-label", words.one);
    this.box.setAttribute("aria-label", words.number);
    for (const [button, text] of [
      [this.before, words.before],
      [this.next, words.next],
    ]) {
      button.title = text;
      button.setAttribute("aria-label", text);
    }
    for (const part of [this.before, this.next, this.box, this.count]) part.hidden = !unit;
  }

  /** "of 12", and what people call the page if not by its number. */
  #counted(number, label) {
    const count = this.total ? fill(gettext("of %(count)s"), { count: this.total }) : "";
    const place = placeWords({ page_unit: this.unit, page_label: label });
    this.count.textContent = label && label !== String(number) ? `${count} · ${place}` : count;
  }

  async #page(number) {
    const { start, end } = this.spot?.page === number ? this.spot : {};
    const asked = start === undefined ? "" : `?start=${start}&end=${end}`;
    const key = `${number}${asked}`;
    if (!this.pages.has(key))
      this.pages.set(key, await api(`files/${this.target.id}/pages/${key}`));
    return this.pages.get(key);
  }

  go(number) {
    const page = Math.max(1, Math.min(this.total ?? number, Math.round(number)));
    this.box.value = String(page);
    if (page === this.page) return;
    this.page = page;
    this.#draw();
  }

  /** Goes to words and marks them: {page, start, end}. */
  #show(spot) {
    this.spot = spot;
    this.page = spot.page;
    this.#draw();
  }

  #find(open) {
    this.finder.element.hidden = !open;
    this.finder.from = this.page;
    if (open) this.finder.box.select();
    else {
      this.spot = this.passage;
      this.scroll.focus({ preventScroll: true });
    }
  }

  #zoom(step) {
    const at = ZOOMS.indexOf(this.zoom);
    this.zoom = step ? ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, at + step))] : 1;
    this.#draw();
  }

  #width() {
    return Math.max(200, this.scroll.clientWidth - 24) * this.zoom;
  }

  async #draw() {
    this.drawing?.cancel();
    const number = this.page;
    this.box.value = String(number);
    this.#counted(number, this.labels?.[number - 1]);
    this.before.disabled = number <= 1;
    this.next.disabled = Boolean(this.total) && number >= this.total;
    for (const button of this.zooms) button.hidden = !this.pdf;
    try {
      await (this.pdf
        ? this.#picture(number).catch((error) => this.#orText(number, error))
        : this.#text(number));
      if (!this.left && number === this.page) this.#told(number);
    } catch (error) {
      if (!this.left && number === this.page) this.#say(error.message);
    }
  }

  /** A page that cannot be drawn is shown in words; a drawing given up for another is not. */
  async #orText(number, error) {
    if (["RenderingCancelledException", "AbortException"].includes(error?.name)) return;
    console.warn(error);
    await this.#text(number);
  }

  async #picture(number) {
    const page = await this.pdf.getPage(number);
    if (this.left || number !== this.page) return;
    this.width = this.#width();
    if (!this.sheet?.isConnected || this.sheet.dataset.page !== String(number)) {
      this.sheet = h("div", { className: "sheet", "data-page": String(number) });
      this.scroll.replaceChildren(this.sheet);
      this.scroll.scrollTop = 0;
    }
    this.drawing = this.drawPage(page, this.sheet, this.width);
    await this.drawing.done;
    if (number === this.page) this.#mark(this.#hasSpot(number) ? await this.#page(number) : {});
  }

  #hasSpot(number) {
    return this.spot?.page === number;
  }

  /** Rectangles are fractions of the page, from its top left: they fit every zoom. */
  #mark({ rects = [], text = "", start, end }) {
    this.sheet.querySelectorAll(".passage, .leads, .unseen").forEach((old) => old.remove());
    if (!rects.length) return;
    const place = (className, [x0, y0, x1, y1]) => {
      const box = h("div", { className });
      box.style.left = className === "leads" ? "0" : `${x0 * 100}%`;
      box.style.top = `${y0 * 100}%`;
      if (className !== "leads") box.style.width = `${(x1 - x0) * 100}%`;
      box.style.height = `${(y1 - y0) * 100}%`;
      return box;
    };
    const top = Math.min(...rects.map((rect) => rect[1]));
    const bottom = Math.max(...rects.map((rect) => rect[3]));
    this.sheet.append(
      ...rects.map((rect) => place("passage", rect)),
      place("leads", [0, top, 0, bottom]),
      h("p", { className: "unseen" }, `${gettext("Marked passage:")} ${text.slice(start, end)}`),
    );
    this.scroll.scrollTop = top * this.sheet.clientHeight - this.scroll.clientHeight / 4;
  }

  async #text(number) {
    const page = await this.#page(number);
    if (this.left || number !== this.page) return;
    this.total ??= page.page_count;
    this.#counted(number, page.label);
    const { text, start, end } = page;
    const marked = this.#hasSpot(number) && end > start;
    const words = marked ? readable(text, start, end) : readable(text);
    this.scroll.replaceChildren(
      h(
        "div",
        { className: "page-text", dir: "auto" },
        text ? words : gettext("There are no words on this page."),
      ),
    );
    const mark = this.scroll.querySelector("mark");
    if (mark) mark.scrollIntoView({ block: "center" });
    else this.scroll.scrollTop = 0;
  }

  #told(number) {
    const words = fill(this.told, {
      page: number,
      count: this.total ?? number,
    });
    announce(
      this.#hasSpot(number)
        ? `${words}. ${gettext("The passage is marked.")}`
        : words,
    );
  }

  #key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "f") {
      event.preventDefault();
      this.#find(true);
      return;
    }
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { PageDown: 1, ArrowRight: 1, PageUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.go(this.page + step);
  }
}
