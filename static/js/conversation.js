// The conversation of one session: what was said, and the answer that is coming in.
// Every event of a generation is numbered; a gap or a lost connection is closed by asking for
// "everything after n", so nothing is missing and nothing is shown twice.

import { $, LiveSocket, announce, api, fill, gettext } from "./lib.js";
import { Answer, editAgain, question } from "./answer.js";

const LONGEST_SPOKEN = 1500;
const CONNECTION_SHOWN_AFTER = 1200;

export class Conversation {
  /** on: busy(boolean), begun(session), session(row), accepted(), refused(error, text),
      connection(words), gone() */
  constructor(on) {
    this.on = on;
    this.turns = $("turns");
    this.follow = true;
    this.top = 0;
    const scroll = $("scroll");
    scroll.addEventListener(
      "scroll",
      () => {
        const near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90;
        // Words that came in below take the end away, too: only who scrolls up leaves it.
        this.follow = near || (this.follow && scroll.scrollTop >= this.top);
        this.top = scroll.scrollTop;
        $("to-end").hidden = this.follow || !this.turns.children.length;
      },
      { passive: true },
    );
    $("to-end").onclick = () => this.toEnd();
    this.actions = {
      retry: (id) => this.retry(id),
      edit: (id, text) => this.edit(id, text),
      drawn: () => this.#drawn(),
      siblings: (id) => this.families.get(this.parents.get(id)) ?? [],
      show: (id, step) => this.#show(id, step),
      failed: (error) => this.on.refused(error),
    };
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
    this.top = 0; // how far it was scrolled when it was looked last
    this.answers = new Map();
    this.parents = new Map(); // message → the one it follows, "" for the first
    this.families = new Map(); // message → ids of all that follow it, oldest first
    this.leaf = null; // what was said last on the branch that is shown
    this.generation = null; // {id, seq, answer, done}
    this.waiting = null; // {text, clientId, element, edits, pictures} until the server has the question
    this.on.busy(false);
  }

  async #reload() {
    const { id } = this;
    const session = await api(`chat/sessions/${id}`);
    if (this.id !== id) return;
    this.#drawAll(session);
    this.on.session(session);
    this.on.begun(session);
    this.follow = true;
    this.toEnd();
  }

  #drawAll(session) {
    this.turns.replaceChildren();
    this.answers.clear();
    this.parents.clear();
    this.families.clear();
    this.leaf = session.leaf_id;
    for (const message of session.messages) {
      this.parents.set(message.id, message.parent_id ?? "");
      this.families.set(message.parent_id ?? "", message.siblings);
    }
    for (const message of session.messages) this.#stored(message);
  }

  /** A message that has just come stands beside those that follow the same one. */
  #born(id, parent) {
    const family = this.families.get(parent ?? "") ?? [];
    this.parents.set(id, parent ?? "");
    if (!family.includes(id)) this.families.set(parent ?? "", [...family, id]);
    this.leaf = id;
  }

  #stored(message) {
    if (message.role === "user") {
      this.turns.append(question(message, this.actions));
      return;
    }
    const answer = this.#answer(message.id);
    if (message.status === "streaming") answer.start(message.id, message.model);
    else answer.saved(message);
  }

  #answer(id) {
    let answer = this.answers.get(id);
    if (!answer) {
      answer = new Answer(this.actions);
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
    // Only its own words: a refusal may stand there while the socket is still being opened.
    if (state === "open" && this.lostSaid) this.on.connection("");
    if (state === "open") this.lostSaid = false;
    if (state === "refused")
      this.on.connection(gettext("You are not logged in any more. Reload the page."));
    if (state === "waiting") {
      this.lostTimer = setTimeout(() => {
        this.lostSaid = true;
        this.on.connection(gettext("Connection lost. Reconnecting…"));
      }, CONNECTION_SHOWN_AFTER);
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
      this.#changed(event);
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
        if (generation.question) this.#born(event.message_id, generation.question.id);
        generation.answer = this.#answer(event.message_id);
        this.#cutAfter(generation.question?.element, generation.answer.element);
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
    const parent = message.parent_id;
    const known = this.#questionOf(message.id);
    const before = parent ? this.answers.get(parent)?.element : null;
    if (!known && parent && !before) {
      this.open(this.id).catch((error) => this.on.refused(error)); // another branch is shown here
      return;
    }
    const { waiting } = this;
    const mine = waiting?.text.trim() === message.content.trim();
    if (!known) {
      this.#cutAfter(before, waiting?.element);
      this.#born(message.id, parent);
    }
    const element = known ?? question(message, this.actions);
    if (mine) {
      this.waiting = null;
      waiting.element.remove();
      if (!waiting.edits) this.on.accepted();
    }
    if (!known) this.turns.append(element);
    this.generation.question = { id: message.id, element };
    this.#drawn();
  }

  #questionOf(id) {
    const leaf = this.turns.querySelector(`.question[data-id="${CSS.escape(id)}"]`);
    return leaf?.closest(".asked") ?? null;
  }

  /** What came after belongs to another branch (after nothing: all of it). */
  #cutAfter(element, ...keep) {
    if (element === undefined) return;
    const rest = [...this.turns.children];
    for (const turn of rest.slice(element ? rest.indexOf(element) + 1 : 0)) {
      if (keep.includes(turn) || turn === this.waiting?.element) continue;
      this.answers.delete(turn.dataset.id);
      turn.remove();
    }
  }

  /** The row was changed, here or in another tab. */
  #changed(row) {
    if (row.deleted) {
      this.on.gone();
      return;
    }
    this.on.session(row);
    const running = this.generation && !this.generation.done;
    // The doorbell may be faster than the answer to this page's own request.
    const elsewhere = !running && !this.switching && row.leaf_id !== this.leaf;
    if (elsewhere) this.#reload().catch((error) => this.on.refused(error));
  }

  #finished(message) {
    const { generation } = this;
    generation.done = true;
    const answer = generation.answer ?? this.#answer(message.id);
    answer.saved(message);
    this.on.busy(false);
    this.#drawn();
    answer.spoken(LONGEST_SPOKEN).then(([words, ended]) => {
      announce([words && `${gettext("Answer:")} ${words}`, ended].filter(Boolean).join(" "));
    });
  }

  /** An error outside a generation: the question was not taken, it goes back to the composer. */
  #refused(event) {
    const { waiting } = this;
    this.waiting = null;
    waiting?.element.remove();
    this.on.refused(event, waiting?.edits ? undefined : waiting?.text);
    if (waiting?.edits) this.#editAgain(waiting);
    if (this.generation && !this.generation.done && event.code === "not_found") {
      this.generation.done = true;
      this.#reload().catch((error) => this.on.refused(error));
    }
    if (!this.generation || this.generation.done) this.on.busy(false);
  }

  // --- what the reader does --------------------------------------------------------------------
  /** The session must be open. The question stays in sight while there is no connection. */
  ask(text, pictures = []) {
    this.#wait({ text, pictures });
    this.turns.append(this.waiting.element);
    this.toEnd();
    this.#send();
  }

  /** A question in other words, in its place. False while an answer is being written. */
  edit(id, text) {
    if (this.waiting || (this.generation && !this.generation.done)) {
      this.on.refused({
        message: gettext("An answer is being written. Wait for it or stop it first."),
      });
      return false;
    }
    const old = this.#questionOf(id);
    // Its pictures stay with it.
    this.#wait({ text, edits: id, pictures: old.attachments });
    old.before(this.waiting.element);
    this.#cutAfter(this.waiting.element);
    this.#send();
    return true;
  }

  #wait({ text, edits, pictures }) {
    const element = question({ content: text, attachments: pictures });
    const clientId = crypto.randomUUID?.() ?? String(Math.random());
    this.waiting = { text, clientId, element, edits, pictures };
    this.on.busy(true);
  }

  #send() {
    const { text, clientId, edits, pictures } = this.waiting;
    const attachments = pictures.map(({ id }) => ({ id }));
    const about = edits ? { type: "edit", message_id: edits } : { type: "message", attachments };
    return this.socket?.send({ ...about, message: text, client_id: clientId });
  }

  /** It was not taken: the branch as it was, with the new words in their box. */
  async #editAgain({ edits, text }) {
    try {
      await this.#reload();
    } catch (error) {
      this.on.refused(error);
      return;
    }
    const element = this.#questionOf(edits);
    if (element) editAgain(element, { id: edits, content: text }, this.actions, text);
  }

  /** Another version of a question or an answer, with all that followed it. */
  async #show(id, step) {
    this.switching = true;
    try {
      const session = await api(`chat/sessions/${this.id}/branch`, {
        method: "POST",
        body: { message_id: id },
      });
      this.#drawAll(session);
    } catch (error) {
      this.on.refused(error);
      return;
    } finally {
      this.switching = false;
    }
    const family = this.families.get(this.parents.get(id)) ?? [];
    const words = gettext("Version %(number)s of %(count)s");
    announce(fill(words, { number: family.indexOf(id) + 1, count: family.length }));
    this.#focusPager(id, step);
  }

  /** The arrow that was pressed is gone with its message: the same one of the new message. */
  #focusPager(id, step, until = performance.now() + 5000) {
    const leaf = this.turns.querySelector(`[data-id="${CSS.escape(id)}"]`);
    const pager = leaf?.closest(".turn")?.querySelector(".pager");
    if (!pager) {
      // Drawn in slices; whoever has gone elsewhere meanwhile stays there.
      const waits = document.activeElement === document.body && performance.now() < until;
      if (waits) requestAnimationFrame(() => this.#focusPager(id, step, until));
      return;
    }
    const arrow = pager.querySelector(`[data-step="${step}"]:enabled`);
    (arrow ?? pager.querySelector("button:enabled")).focus();
    leaf.scrollIntoView({ block: "nearest" });
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
        if (!waiting.edits) this.on.accepted();
        return;
      }
      this.turns.append(waiting.element);
    }
    waiting.tried = true;
    this.on.busy(true);
    this.#send();
  }

  retry(messageId) {
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
