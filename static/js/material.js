// Files: dropped or chosen, sent with their percentage, then watched while they are read.

import {
  $,
  ApiError,
  LiveSocket,
  announce,
  answer,
  api,
  confirmFirst,
  csrf,
  fill,
  gettext,
  offline,
} from "./lib.js";

const AT_ONCE = 2;
const POLL_EVERY = 2500;
const UNFINISHED = ["UPLOADED", "PROCESSING"];
// How a row looks is not needed before there is one.
let look;

export class Material {
  /** on: view(document, element), changed(), failed(error), chat?(): id of the open one, if any,
      more?(document, button), drawn?(): some row is another one now,
      pictures?(files): takes those that go with a question and gives back the others */
  constructor(on) {
    this.on = on;
    this.files = new Map(); // key → {key, name, id?, status, sent?, error?, file?}
    this.queue = [];
    this.running = 0;
    this.waiting = new Set(); // rows to be drawn once file.js is here
    this.list = null; // the library's <ul> while it is open
    this.place = "list"; // and which kind of list that is (file.js)
    this.belongs = () => true; // whether a row is to be listed there
    this.into = null; // id of the collection that takes what is added; null: the server chooses
    this.closed = ""; // why nothing can be added just now
    this.does = {
      nameOf: (id) => this.files.get(id)?.name,
      view: (row, element) => this.on.view(row, element),
      retry: (row) => this.#retry(row),
      stop: (row) => this.act(row, "cancel"),
      reprocess: (row) => this.act(row, "reprocess"),
      delete: (row) => this.delete(row),
      dismiss: (row) => this.#dismiss(row),
      cancel: (row) => this.#cancel(row),
      remove: (row) => this.#remove(row),
      more: (row, button) => this.on.more(row, button),
    };
    this.#drops();
    $("choose").onchange = (event) => {
      this.add([...event.target.files], this.chosenFor);
      event.target.value = "";
    };
    this.socket = new LiveSocket("/ws/documents/", {
      message: (event) => this.#rung(event),
      state: (state) => {
        this.live = state === "open";
      },
    });
    setInterval(() => this.#poll(), POLL_EVERY);
  }

  /** `chat`: for this chat alone; without one into the library. */
  choose(chat = null) {
    this.chosenFor = chat;
    $("choose").click();
  }

  /** Where the library lists which rows (null: it is closed). */
  show(list, { place = "list", belongs = () => true } = {}) {
    this.list = list;
    this.place = place;
    this.belongs = belongs;
  }

  // --- sending -------------------------------------------------------------------------------
  add(files, chat = null) {
    if (this.closed) {
      this.on.failed(new Error(this.closed));
      return;
    }
    for (const file of files) {
      const row = {
        key: `up-${Date.now()}-${Math.random()}`,
        name: file.name,
        size: file.size,
        status: "SENDING",
        sent: 0,
        file,
        chat,
        collection_id: this.into ?? undefined,
        tray: true,
        batch: true,
      };
      this.files.set(row.key, row);
      this.queue.push(row);
      this.draw(row);
    }
    this.#next();
  }

  #next() {
    while (this.running < AT_ONCE && this.queue.length) {
      this.running += 1;
      this.#send(this.queue.shift());
    }
  }

  #send(row) {
    const request = new XMLHttpRequest();
    row.request = request;
    row.began = Date.now();
    this.draw(row);
    const form = new FormData();
    if (row.collection_id) form.append("collection_id", row.collection_id);
    form.append("file", row.file, row.name);
    const door = row.chat ? `chat/sessions/${row.chat}/files` : "files/upload";
    request.open("POST", `/api/v1/${door}`);
    request.setRequestHeader("X-CSRFToken", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      row.sent = event.loaded / event.total;
      this.draw(row);
    };
    request.onload = () => {
      try {
        this.#arrived(row, answer(request.status, request.responseText), request.status !== 201);
      } catch (error) {
        this.#failed(row, error);
      }
    };
    request.onerror = () => this.#failed(row, offline());
    request.onabort = () => this.#remove(row);
    request.onloadend = () => {
      this.running -= 1;
      this.#next();
    };
    request.send(form);
  }

  /** The same file twice is one document (known): the row that is already there goes on. */
  #arrived(row, document, known) {
    this.#remove(row);
    // The doorbell may have been quicker than the answer, and then it is newer too.
    const told = this.files.has(document.id) ? { id: document.id } : document;
    this.#update({ ...told, tray: true, again: known, batch: row.batch });
  }

  #failed(row, error) {
    row.status = "REFUSED";
    row.error =
      error instanceof ApiError ? error.message : gettext("The file could not be sent. Try again.");
    this.draw(row);
    announce(`${row.name}: ${row.error}`);
  }

  // --- watching ------------------------------------------------------------------------------
  #rung(event) {
    if (event.type === "documents")
      for (const document of event.documents) this.#update({ ...document, tray: true });
    if (event.type === "document") this.#update(event.document);
    if (event.type === "document_deleted" && this.files.has(event.document.id)) {
      this.#remove(this.files.get(event.document.id));
      this.on.changed();
    }
  }

  async #poll() {
    if (document.hidden) return;
    for (const row of this.files.values()) {
      // The socket tells of my own uploads only.
      if (!UNFINISHED.includes(row.status) || (this.live && look?.isMine(row))) continue;
      try {
        this.#update(await api(`files/${row.id}`));
      } catch {
        /* the next round tries again */
      }
    }
  }

  #update(document) {
    const before = this.files.get(document.id);
    const row = {
      ...before,
      ...document,
      key: document.id,
      name: document.original_filename ?? document.filename ?? before?.name,
    };
    this.files.set(row.key, row);
    if (before && before.status !== row.status) {
      if (row.status === "PROCESSED")
        announce(fill(gettext("%(name)s is ready. You can ask about it."), { name: row.name }));
      if (row.status === "FAILED") announce(`${row.name}: ${row.error}`);
    }
    this.draw(row);
    if (before?.status !== row.status) this.on.changed();
  }

  // --- what was added together -------------------------------------------------------------------
  batch() {
    return [...this.files.values()].filter((row) => row.batch);
  }

  cancelAll() {
    for (const row of this.batch()) if (row.status === "SENDING") this.#cancel(row);
    this.on.drawn?.();
  }

  async retryAll() {
    const failed = this.batch().filter(({ status }) => ["REFUSED", "FAILED"].includes(status));
    for (const row of failed) await this.#retry(row);
  }

  forgetBatch() {
    for (const row of this.batch()) row.batch = false;
    this.on.drawn?.();
  }

  // --- rows ----------------------------------------------------------------------------------
  draw(row) {
    this.on.drawn?.();
    if (!look) {
      this.#drawLater(row);
      return;
    }
    row.elements ??= {};
    for (const [place, list] of [
      ["tray", row.tray ? $("tray") : null],
      ["list", this.list && this.belongs(row) ? this.list : null],
    ]) {
      const old = row.elements[place];
      if (!list) {
        old?.remove();
        continue;
      }
      const fresh = look.fileRow(row, place === "list" ? this.place : place, this.does);
      const focused = old
        ? [...old.querySelectorAll("button")].indexOf(document.activeElement)
        : -1;
      if (old?.isConnected) old.replaceWith(fresh);
      else list.prepend(fresh);
      if (focused >= 0) fresh.querySelectorAll("button")[focused]?.focus();
      row.elements[place] = fresh;
    }
  }

  #drawLater(row) {
    this.waiting.add(row);
    import("./file.js").then((module) => {
      look = module;
      const { waiting } = this;
      this.waiting = new Set();
      // What was removed meanwhile is not drawn.
      for (const one of waiting) if (this.files.get(one.key) === one) this.draw(one);
    }, console.warn); // the next row tries again
  }

  #cancel(row) {
    this.queue = this.queue.filter((other) => other !== row);
    if (row.request) row.request.abort();
    else this.#remove(row);
  }

  #dismiss(row) {
    row.tray = false;
    this.draw(row);
  }

  /** Ready rows have said what they had to say once a question is asked. */
  tidy() {
    for (const row of this.files.values())
      if (row.status === "PROCESSED" && row.tray) this.#dismiss(row);
  }

  async #retry(row) {
    if (row.status === "REFUSED") {
      this.#remove(row);
      this.add([row.file], row.chat);
      return;
    }
    await this.act(row, "retry");
  }

  /** cancel, retry or reprocess. */
  async act(row, action) {
    try {
      this.#update(await api(`files/${row.id}/${action}`, { method: "POST" }));
    } catch (error) {
      this.on.failed(error);
    }
  }

  /** What a request has just said about a document. */
  told(document) {
    this.#update(document);
  }

  async delete(row) {
    const sure = await confirmFirst(
      gettext("Delete this file?"),
      fill(
        gettext(
          "“%(name)s” will be gone for good. Answers that cite it keep their words, but cannot open it any more.",
        ),
        { name: row.name },
      ),
      gettext("Delete"),
    );
    if (!sure) return;
    try {
      await api(`files/${row.id}`, { method: "DELETE" });
    } catch (error) {
      if (error.status !== 404) {
        this.on.failed(error);
        return;
      }
    }
    this.#remove(row);
    this.on.changed();
  }

  /** Rows of which nothing is heard any more. */
  forget(rows) {
    for (const row of rows) this.#remove(row);
  }

  #remove(row) {
    this.files.delete(row.key);
    this.on.drawn?.();
    for (const element of Object.values(row.elements ?? {})) element.remove();
  }

  // --- drag and drop -------------------------------------------------------------------------
  #drops() {
    let depth = 0;
    const cover = $("dropping");
    const words = cover.firstElementChild;
    const forAll = words.textContent;
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const inside = (change) => {
      depth = Math.max(0, depth + change);
      words.textContent = this.on.chat?.()
        ? gettext("Drop it: Lontar reads it for this chat")
        : forAll;
      cover.hidden = depth === 0;
    };
    addEventListener("dragenter", (event) => {
      if (hasFiles(event)) {
        event.preventDefault();
        inside(1);
      }
    });
    addEventListener("dragover", (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
    addEventListener("dragleave", (event) => {
      if (hasFiles(event)) inside(-1);
    });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      inside(-depth);
      // What is dropped beside the conversation is for all chats.
      const aside = event.target instanceof Element && event.target.closest("#pane");
      const files = [...event.dataTransfer.files];
      if (aside) this.add(files);
      else this.add(this.on.pictures?.(files) ?? files, this.on.chat?.());
    });
  }
}
