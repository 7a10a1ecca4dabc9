// Where questions are written: Enter sends, Shift+Enter breaks the line, drafts survive a reload.

import { $, announce, gettext, icon } from "./lib.js";

const CHOICE = "lontar.model";
const ASSISTANT = "assistant:";

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

/** Whom to ask: an assistant or a model. A chat begun with an assistant stays with it; one begun
    with a model may go on with another model. */
export class Picker {
  /** on: model(id) when another model is chosen in an open chat */
  constructor(on) {
    this.on = on;
    this.select = $("model");
    this.open = false;
    this.select.onchange = () => {
      localStorage.setItem(CHOICE, this.select.value);
      this.#about();
      if (this.open) this.on.model(this.select.value);
    };
  }

  /** A new chat: everything can be chosen, and what was chosen last is. */
  begin() {
    this.#release();
    this.open = false;
    const last = localStorage.getItem(CHOICE);
    const option = this.#option(last) ?? this.#models()[0];
    if (option) this.select.value = option.value;
    this.#about();
  }

  /** What a new chat is begun with. */
  get choice() {
    const { value } = this.select;
    if (!value.startsWith(ASSISTANT)) return { model_id: value || null };
    return { assistant_id: value.slice(ASSISTANT.length) };
  }

  /** An assistant for the chat that is about to begin; "" for the first model. */
  choose(assistantId) {
    const option = assistantId ? this.#option(ASSISTANT + assistantId) : this.#models()[0];
    this.select.value = option.value;
    this.select.dispatchEvent(new Event("change"));
    $("say").focus();
  }

  /** A chat as the server has it; a sentence when it cannot go on. */
  show({ model, assistant }) {
    this.#release();
    this.open = true;
    if (assistant) {
      const value = ASSISTANT + assistant.id;
      const option = this.#option(value) ?? this.#stranger(value);
      // It is called what it was called when the chat began.
      option.text = assistant.name;
      this.select.value = value;
      this.select.disabled = true;
      this.select.title = gettext("This chat goes on with the assistant it began with");
    } else {
      for (const option of this.#assistants()) option.disabled = true;
      if (model && this.#option(model.id)) this.select.value = model.id;
    }
    this.#about();
    return assistant?.note ?? "";
  }

  #release() {
    this.select.disabled = false;
    this.select.title = gettext("Whom to ask");
    this.select.querySelector("[data-stranger]")?.remove();
    for (const option of this.#assistants()) {
      option.disabled = false;
      option.text = option.dataset.name;
    }
  }

  /** An option for an assistant that is not offered: it was closed, or switched off. */
  #stranger(value) {
    const option = new Option("", value);
    option.dataset.stranger = "";
    option.dataset.name = "";
    this.select.prepend(option);
    return option;
  }

  /** What the chosen assistant is for, before the first question. */
  #about() {
    const option = this.select.selectedOptions[0];
    const chosen = !this.open && option?.value.startsWith(ASSISTANT);
    $("assistant").hidden = !chosen;
    if ($("assistants")) $("assistants").hidden = chosen;
    if (!chosen) return;
    $("assistant-name").textContent = option.dataset.name;
    $("assistant-about").textContent = option.dataset.about;
    $("assistant-note").textContent = option.dataset.note;
  }

  #option(value) {
    return [...this.select.options].find((option) => option.value === value);
  }

  #assistants() {
    return [...this.select.options].filter(({ value }) => value.startsWith(ASSISTANT));
  }

  #models() {
    return [...this.select.options].filter(({ value }) => !value.startsWith(ASSISTANT));
  }
}
