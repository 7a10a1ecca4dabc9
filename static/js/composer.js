// Where questions are written: Enter sends, Shift+Enter breaks the line, drafts survive a reload.

import { $, announce, gettext, icon } from "./lib.js";

const draftKey = (id) => `lontar.draft.${id ?? "new"}`;
const TOUCH = matchMedia("(pointer: coarse) and (hover: none)");

export class Composer {
  /** on: ask(text), stop() */
  constructor(on) {
    this.on = on;
    this.box = $("say");
    this.button = $("send");
    this.busy = false;
    this.box.addEventListener("input", () => this.#changed());
    this.box.addEventListener("keydown", (event) => this.#key(event));
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act();
    });
    this.show(null);
  }

  /** The draft of another session (null: the one not begun yet). */
  show(id) {
    this.id = id;
    this.box.value = localStorage.getItem(draftKey(id)) ?? "";
    this.#changed();
  }

  put(text) {
    this.box.value = text;
    this.#changed();
    this.box.focus();
  }

  clear() {
    this.put("");
  }

  /** The draft of a new chat goes along when the chat gets its address. */
  become(id) {
    localStorage.removeItem(draftKey(this.id));
    this.id = id;
    this.#changed();
  }

  setBusy(busy) {
    this.busy = busy;
    const label = busy ? gettext("Stop the answer") : gettext("Send");
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
    this.button.dataset.does = busy ? "stop" : "send";
    this.button.replaceChildren(icon(busy ? "stop" : "send"));
    this.#changed();
  }

  #changed() {
    const text = this.box.value;
    this.button.disabled = !this.busy && !text.trim();
    if (text) localStorage.setItem(draftKey(this.id), text);
    else localStorage.removeItem(draftKey(this.id));
    if (!CSS.supports("field-sizing", "content")) {
      this.box.style.height = "auto";
      this.box.style.height = `${this.box.scrollHeight}px`;
    }
  }

  #key(event) {
    // While an input method composes a word, Enter belongs to it (229: older Safari).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
    if (TOUCH.matches) return; // a phone's Enter breaks the line; its button sends
    event.preventDefault();
    if (this.busy) announce(gettext("An answer is being written. Wait for it or stop it first."));
    else this.#act();
  }

  #act() {
    if (this.busy) {
      this.on.stop();
      return;
    }
    const text = this.box.value.trim();
    if (text) this.on.ask(text);
  }
}
