// The conversation of one session: what was said, and the answer that is coming in.
// Every event of a generation is numbered; a gap or a lost connection is closed by asking for
// "everything after n", so nothing is missing and nothing is shown twice.

import { $, announce, api, gettext } from "./lib.js";
import { LiveSocket } from "./socket.js";
import { Answer, question } from "./answer.js";

const LONGEST_SPOKEN = 1500;
const CONNECTION_SHOWN_AFTER = 1200;

export class Conversation {
  /** on: busy(boolean), title(text), accepted(), refused(error, text), connection(words) */
  constructor(on) {
    this.on = on;
    this.turns = $("turns");
    this.follow = true;
    const scroll = $("scroll");
    scroll.addEventListener(
      "scroll",
      () => {
        this.follow = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90;
        $("to-end").hidden = this.follow || !this.turns.children.length;
      },
      { passive: true },
    );
    $("to-end").onclick = () => this.toEnd();
  }

  /** Shows a stored session and follows what is going on in it. */
  async open(id) {
    this.close();
    this.id = id;
    await this.#reload();
    if (this.id === id) this.#connect();
  }

  close() {
    this.socket?.close();
    this.socket = null;
    this.id = null;
    this.turns.replaceChildren();
    this.answers = new Map();
    this.generation = null; // {id, seq, answer, done}
    this.waiting = null; // {text, clientId, element} until the server has the question
    this.on.busy(false);
  }

  async #reload() {
    const session = await api(`chat/sessions/${this.id}`);
    this.turns.replaceChildren();
    this.answers.clear();
    for (const message of session.messages) this.#stored(message);
    this.on.title(session.title);
    this.on.model?.(session.model);
    this.follow = true;
    this.toEnd();
  }

  #stored(message) {
    if (message.role === "user") {
      this.turns.append(question(message));
      return;
    }
    const answer = this.#answer(message.id);
    if (message.status === "streaming") answer.start(message.id, message.model);
    else answer.saved(message);
  }

  #answer(id) {
    let answer = this.answers.get(id);
    if (!answer) {
      answer = new Answer({
        retry: (messageId) => this.retry(messageId),
        drawn: () => this.#drawn(),
      });
      this.answers.set(id, answer);
      this.turns.append(answer.element);
    }
    return answer;
  }

  // --- connection ----------------------------------------------------------------------------
  #connect() {
    this.socket = new LiveSocket(`/ws/chat/${this.id}/`, {
      message: (event) => this.#received(event),
      state: (state) => this.#connection(state),
    });
  }

  #connection(state) {
    clearTimeout(this.lostTimer);
    if (state === "open") this.on.connection("");
    if (state === "refused")
      this.on.connection(gettext("You are not logged in any more. Reload the page."));
    if (state === "waiting") {
      this.lostTimer = setTimeout(
        () => this.on.connection(gettext("Connection lost. Reconnecting…")),
        CONNECTION_SHOWN_AFTER,
      );
    }
  }

  async #ready({ generation }) {
    const mine = this.generation;
    // Ended while we were away: the log, or the stored message, still has the rest.
    if (mine && !mine.done && generation?.generation_id !== mine.id) this.#resume();
    else if (generation) {
      if (mine?.id !== generation.generation_id) this.#begin(generation.generation_id);
      this.#resume();
    } else {
      this.on.busy(false);
      await this.#sendWaiting();
    }
  }

  #begin(id) {
    this.generation = { id, seq: 0, answer: null, done: false };
    this.on.busy(true);
  }

  #resume() {
    this.socket.send({
      type: "resume",
      generation_id: this.generation.id,
      after: this.generation.seq,
    });
  }

  // --- events --------------------------------------------------------------------------------
  #received(event) {
    if (event.type === "ready") {
      this.#ready(event).catch((error) => this.on.refused(error));
      return;
    }
    if (event.type === "session") {
      this.on.title(event.title);
      return;
    }
    if (event.seq === undefined) {
      if (event.type === "error") this.#refused(event);
      return;
    }
    if (this.generation?.id !== event.generation_id) {
      if (event.seq !== 1) return;
      this.#begin(event.generation_id);
    }
    if (event.seq <= this.generation.seq) return;
    // The stored message makes up for whatever was missed before it.
    const whole = event.type === "message_saved" || event.type === "error";
    if (event.seq > this.generation.seq + 1 && !whole) {
      this.#resume();
      return;
    }
    this.generation.seq = event.seq;
    this.#apply(event);
  }

  #apply(event) {
    const { generation } = this;
    switch (event.type) {
      case "user_message":
        this.#asked(event.message);
        break;
      case "stream_start":
        generation.answer = this.#answer(event.message_id);
        this.#replaceRetried(generation.answer);
        generation.answer.start(event.message_id, event.model);
        this.#drawn();
        break;
      case "model":
        generation.answer?.switched(event);
        this.#drawn();
        break;
      case "tool":
        generation.answer?.tool(event);
        this.#drawn();
        break;
      case "sources":
        generation.answer?.found(event.sources);
        break;
      case "stream_chunk":
        generation.answer?.add(event.content);
        break;
      case "error":
        generation.answer?.failed(event);
        announce(event.message);
        break;
      case "message_saved":
        this.#finished(event.message);
        break;
      default: // reasoning, stream_end and names of later versions change nothing here
    }
  }

  #asked(message) {
    const known = this.turns.querySelector(`.question[data-id="${CSS.escape(message.id)}"]`);
    const waiting = this.waiting;
    if (waiting && waiting.text.trim() === message.content.trim()) {
      this.waiting = null;
      if (known) waiting.element.remove();
      else waiting.element.replaceWith(question(message));
      this.on.accepted();
    } else if (!known) this.turns.append(question(message));
    this.#drawn();
  }

  #replaceRetried(answer) {
    if (!this.retried || this.retried === answer.id) return;
    this.answers.get(this.retried)?.element.remove();
    this.answers.delete(this.retried);
    this.retried = null;
  }

  #finished(message) {
    const { generation } = this;
    generation.done = true;
    const answer = generation.answer ?? this.#answer(message.id);
    answer.saved(message);
    this.on.busy(false);
    this.#drawn();
    announce(`${gettext("Answer:")} ${message.content.slice(0, LONGEST_SPOKEN)}`);
  }

  /** An error outside a generation: the question was not taken, it goes back to the composer. */
  #refused(event) {
    if (this.waiting) {
      const { text, element } = this.waiting;
      this.waiting = null;
      element.remove();
      this.on.refused(event, text);
    } else this.on.refused(event);
    if (this.generation && !this.generation.done && event.code === "not_found") {
      this.generation.done = true;
      this.#reload().catch((error) => this.on.refused(error));
    }
    if (!this.generation || this.generation.done) this.on.busy(false);
  }

  // --- what the reader does --------------------------------------------------------------------
  /** The session must be open. The question stays in sight while there is no connection. */
  ask(text) {
    const element = question({ content: text }, true);
    this.waiting = { text, clientId: crypto.randomUUID?.() ?? String(Math.random()), element };
    this.turns.append(element);
    this.on.busy(true);
    this.toEnd();
    this.#send();
  }

  #send() {
    return this.socket?.send({
      type: "message",
      message: this.waiting.text,
      client_id: this.waiting.clientId,
    });
  }

  /** After a reconnect: was the question taken before the line broke? Only then not again. */
  async #sendWaiting() {
    const { waiting } = this;
    if (!waiting) return;
    if (waiting.tried) {
      await this.#reload();
      const last = [...this.turns.querySelectorAll(".question")].at(-1);
      if (last?.lastChild.data?.trim() === waiting.text.trim()) {
        this.waiting = null;
        this.on.accepted();
        return;
      }
      this.turns.append(waiting.element);
    }
    waiting.tried = true;
    this.on.busy(true);
    this.#send();
  }

  retry(messageId) {
    if (this.busy) return;
    this.retried = messageId;
    if (!this.socket?.send({ type: "regenerate", message_id: messageId })) {
      this.on.refused({
        message: gettext("There is no connection right now. Try again in a moment."),
      });
    }
  }

  stop() {
    if (!this.socket?.send({ type: "stop" })) {
      api(`chat/sessions/${this.id}/stop`, { method: "POST" }).catch((error) =>
        this.on.refused(error),
      );
    }
  }

  // --- scrolling -----------------------------------------------------------------------------
  #drawn() {
    if (this.follow) this.toEnd();
  }

  toEnd() {
    const scroll = $("scroll");
    scroll.scrollTop = scroll.scrollHeight;
  }
}
