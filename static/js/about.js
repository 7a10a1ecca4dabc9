// What a document is about, in the viewer: fetched and shown when it is asked for.

import { api, fill, gettext, h, languageOf, tool } from "./lib.js";

export class About {
  constructor(id) {
    this.id = id;
    this.element = h("div", {
      className: "view-about",
      id: "view-about",
      hidden: true,
      tabIndex: 0,
      role: "region",
      "aria-label": gettext("About this document"),
    });
    this.button = tool("about", gettext("About this document"), () => this.#turn(), {
      "aria-expanded": "false",
      "aria-controls": "view-about",
    });
  }

  #turn() {
    const open = this.element.hidden;
    this.element.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.#fetch();
  }

  async #fetch() {
    if (this.fetched) return;
    const say = (words) => this.element.replaceChildren(h("p", { role: "status" }, words));
    say(gettext("Looking…"));
    try {
      const file = await api(`files/${this.id}`);
      this.fetched = true;
      this.element.replaceChildren(...told(file));
    } catch (error) {
      say(error.message);
    }
  }
}

/** By whom it is, and its summary; each only where it is known. */
function told({ title, author, summary }) {
  const by = author ? fill(gettext("by %(author)s"), { author }) : "";
  const line = [title, by].filter(Boolean).join(", ");
  return [
    line ? h("p", { className: "quiet", dir: "auto" }, line) : null,
    h(
      "p",
      summary ? { className: "summary", dir: "auto", lang: languageOf(summary) } : {},
      summary || gettext("There is no summary of this document."),
    ),
  ].filter(Boolean);
}
