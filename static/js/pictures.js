// Pictures for the next question: sent at once, shown over the box until the question takes them.
// What was sent stays with its chat, as the draft does: it is there again after a reload.

import { $, announce, answer, csrf, fill, gettext, h, offline, tool } from "./lib.js";

const MOST = 8;
const LARGEST = 10 * 1024 * 1024;
const keyOf = (session) => `lontar.pictures.${session}`;

export class Pictures {
  /** on: failed(error) */
  constructor(on) {
    this.on = on;
    this.rows = []; // {name, element, sent: promise of the stored picture, or null, stored?}
    this.session = null;
    this.list = $("pictures");
  }

  /** Those of a session; without one there are none. */
  show(session) {
    this.session = session;
    this.rows = kept(session).map((stored) => {
      const row = { name: stored.name, stored, sent: Promise.resolve(stored) };
      row.element = this.#element(row, picture(stored, () => this.#remove(row)));
      return row;
    });
    this.#draw();
  }

  add(files, session) {
    if (session !== this.session) this.show(session);
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
      row.element = this.#element(row, h("span", { className: "name", dir: "auto" }, name));
      row.element.setAttribute("aria-busy", "true");
      this.rows.push(row);
      this.#draw();
      row.sent = this.#send(row, this.session);
    }
  }

  #element(row, shown) {
    const words = fill(gettext("Take away %(name)s"), { name: row.name });
    return h("li", {}, shown, tool("close", words, () => this.#remove(row, true)));
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
      row.stored = stored;
      if (!row.gone) this.#keep(session, stored);
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

  /** The question has them. */
  clear() {
    this.rows = [];
    keep(this.session, []);
    this.#draw();
  }

  /** In the order they were chosen, unless another chat is shown by now. */
  #keep(session, stored) {
    const rows = this.rows.map((row) => row.stored).filter(Boolean);
    keep(session, session === this.session ? rows : [...kept(session), stored]);
  }

  #remove(row, byHand) {
    row.gone = true;
    this.rows = this.rows.filter((other) => other !== row);
    const id = row.stored?.id;
    if (id) keep(this.session, kept(this.session).filter((other) => other.id !== id));
    this.#draw();
    if (byHand) $("say").focus();
  }

  #draw() {
    this.list.replaceChildren(...this.rows.map(({ element }) => element));
    this.list.hidden = !this.rows.length;
  }
}

function kept(session) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(session))) ?? [];
  } catch {
    return [];
  }
}

function keep(session, stored) {
  if (stored.length) localStorage.setItem(keyOf(session), JSON.stringify(stored));
  else localStorage.removeItem(keyOf(session));
}

/** One that is stored; a larger view of it opens beside the chat. `gone`: when it is there no more. */
export function picture({ name, url, width, height }, gone) {
  const words = fill(gettext("Picture: %(name)s"), { name });
  const shown = h("img", { src: url, alt: words, width, height, loading: "lazy" });
  const link = h("a", { href: url, target: "_blank", rel: "noopener" }, shown);
  shown.onerror = async () => {
    // Without a connection it is there all the same.
    if (gone) (await fetch(url).catch(() => null))?.status === 404 && gone();
    else link.replaceWith(
      h("span", { className: "quiet", dir: "auto" },
        fill(gettext("%(name)s can no longer be opened."), { name })),
    );
  };
  return link;
}

/** Those of a question. */
export const pictureList = (attachments) =>
  h("ul", { className: "pictures" }, attachments.map((one) => h("li", {}, picture(one))));
