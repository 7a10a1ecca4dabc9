// Pictures for the next question: sent at once, shown over the box until the question takes them.

import { $, announce, answer, csrf, fill, gettext, h, offline, tool } from "./lib.js";

const MOST = 8;
const LARGEST = 10 * 1024 * 1024;

export class Pictures {
  /** on: failed(error) */
  constructor(on) {
    this.on = on;
    this.rows = []; // {name, element, sent: promise of the stored picture, or null}
    this.list = $("pictures");
  }

  /** To a session that is there. */
  add(files, session) {
    for (const file of files) {
      if (this.rows.length >= MOST) {
        this.on.failed(
          new Error(fill(gettext("A question takes at most %(most)s pictures."), { most: MOST })),
        );
        return;
      }
      const name = file.name || gettext("picture");
      if (file.size > LARGEST) {
        const words = gettext("%(name)s is larger than 10 MB. Make it smaller, or cut out a part.");
        this.on.failed(new Error(fill(words, { name })));
        continue;
      }
      const row = { name, file };
      const words = fill(gettext("Take away %(name)s"), { name });
      row.element = h(
        "li",
        { "aria-busy": "true" },
        h("span", { className: "name", dir: "auto" }, name),
        tool("close", words, () => this.#remove(row, true)),
      );
      this.rows.push(row);
      this.#draw();
      row.sent = this.#send(row, session);
    }
  }

  async #send(row, session) {
    const form = new FormData();
    form.append("file", row.file, row.name);
    try {
      const response = await fetch(`/api/v1/chat/sessions/${session}/pictures`, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": csrf() },
        body: form,
      }).catch(() => {
        throw offline();
      });
      const stored = answer(response.status, await response.text());
      row.element.removeAttribute("aria-busy");
      row.element.firstChild.replaceWith(picture(stored));
      announce(fill(gettext("%(name)s goes along with your question."), { name: row.name }));
      return stored;
    } catch (error) {
      this.#remove(row);
      this.on.failed(error);
      return null;
    }
  }

  /** What the question takes, once all are there; null when one could not be sent. */
  async ready() {
    const rows = [...this.rows];
    const stored = await Promise.all(rows.map(({ sent }) => sent));
    return stored.every(Boolean) ? stored : null;
  }

  clear() {
    this.rows = [];
    this.#draw();
  }

  #remove(row, byHand) {
    this.rows = this.rows.filter((other) => other !== row);
    this.#draw();
    if (byHand) $("say").focus();
  }

  #draw() {
    this.list.replaceChildren(...this.rows.map(({ element }) => element));
    this.list.hidden = !this.rows.length;
  }
}

/** One that is stored; a larger view of it opens beside the chat. */
export function picture({ name, url, width, height }) {
  const words = fill(gettext("Picture: %(name)s"), { name });
  const shown = h("img", { src: url, alt: words, width, height, loading: "lazy" });
  const link = h("a", { href: url, target: "_blank", rel: "noopener" }, shown);
  shown.onerror = () => {
    link.replaceWith(
      h("span", { className: "quiet", dir: "auto" },
        fill(gettext("%(name)s can no longer be opened."), { name })),
    );
  };
  return link;
}

/** Those of a question. */
export const pictureList = (attachments) =>
  h("ul", { className: "pictures" }, attachments.map((one) => h("li", {}, picture(one))));
