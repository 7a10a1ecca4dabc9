// Many files at once: how far all of them are, in one line over their rows.

import { fill, gettext, h, ngettext } from "./lib.js";

const SENT = 0.3; // how much of the way a file is once it has arrived
const FAILED = ["FAILED", "REFUSED"];

const share = (row) => {
  if (row.status === "SENDING") return SENT * row.sent;
  if (row.status === "UPLOADED") return SENT;
  if (row.status === "PROCESSING") return SENT + ((1 - SENT) * row.progress) / 100;
  return 1;
};

export class Batch {
  constructor(material) {
    this.material = material;
    this.words = h("span", {});
    this.bar = h("progress", { max: 1, "aria-label": gettext("Progress of all files") });
    this.cancel = this.#button(gettext("Cancel what is not sent yet"), () => material.cancelAll());
    this.retry = this.#button("", () => material.retryAll());
    this.hide = this.#button(gettext("Hide"), () => material.forgetBatch());
    this.element = h(
      "div",
      { className: "sending", hidden: true },
      this.words,
      this.bar,
      this.cancel,
      this.retry,
      this.hide,
    );
  }

  #button(words, onclick) {
    return h("button", { type: "button", className: "button small", onclick }, words);
  }

  draw() {
    const rows = this.material.batch();
    this.element.hidden = rows.length < 2;
    if (this.element.hidden) return;
    const count = (...states) => rows.filter((row) => states.includes(row.status)).length;
    const wrong = count(...FAILED);
    const ready = count("PROCESSED");
    const parts = [fill(gettext("%(ready)s of %(count)s ready"), { ready, count: rows.length })];
    if (wrong) parts.push(fill(ngettext("%(count)s failed", "%(count)s failed", wrong), { count: wrong }));
    this.words.textContent = parts.join(" · ");
    this.bar.value = rows.reduce((sum, row) => sum + share(row), 0) / rows.length;
    const over = ready + wrong === rows.length;
    this.bar.hidden = over;
    this.cancel.hidden = !count("SENDING");
    this.retry.hidden = !wrong;
    this.retry.textContent = gettext("Try the failed ones again");
    this.hide.hidden = !over;
  }
}
