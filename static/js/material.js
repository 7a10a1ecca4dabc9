// Files: dropped or chosen, sent with their percentage, then watched while they are read.

import { $, ApiError, amount, announce, answer, api, boot, bytes, confirmFirst, csrf, fill, gettext, h, icon, ngettext, offline, tool } from "./lib.js";
import { LiveSocket } from "./socket.js";

const AT_ONCE = 2;
const POLL_EVERY = 2500;
const UNFINISHED = ["UPLOADED", "PROCESSING"];
const STAGES = {
  extract: () => gettext("Reading the pages"),
  chunk: () => gettext("Splitting into passages"),
  embed: () => gettext("Preparing for search"),
  index: () => gettext("Saving"),
};

export class Material {
  /** on: view(document, element), changed(), failed(error) */
  constructor(on) {
    this.on = on;
    this.files = new Map(); // key → {key, name, id?, status, sent?, error?, file?}
    this.queue = [];
    this.running = 0;
    this.list = null; // the panel's <ul> while it is open
    this.#drops();
    $("choose").onchange = (event) => { this.add([...event.target.files]); event.target.value = ""; };
    this.socket = new LiveSocket("/ws/documents/", {
      message: (event) => this.#rung(event),
      state: (state) => { this.live = state === "open"; },
    });
    setInterval(() => this.#poll(), POLL_EVERY);
  }

  choose() { $("choose").click(); }

  get hasReady() { return [...this.files.values()].some((file) => file.status === "PROCESSED"); }

  // --- sending -------------------------------------------------------------------------------
  add(files) {
    for (const file of files) {
      const row = { key: `up-${Date.now()}-${Math.random()}`, name: file.name, size: file.size, status: "SENDING", sent: 0, file, tray: true };
      this.files.set(row.key, row);
      this.queue.push(row);
      this.#draw(row);
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
    const form = new FormData();
    form.append("file", row.file, row.name);
    request.open("POST", "/api/v1/files/upload");
    request.setRequestHeader("X-CSRFToken", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => { row.sent = event.loaded / event.total; this.#draw(row); };
    request.onload = () => {
      try { this.#arrived(row, answer(request.status, request.responseText)); } catch (error) { this.#failed(row, error); }
    };
    request.onerror = () => this.#failed(row, offline());
    request.onabort = () => this.#remove(row);
    request.onloadend = () => { this.running -= 1; this.#next(); };
    request.send(form);
  }

  #arrived(row, document) {
    // The same file twice is one document: the row that is already there goes on.
    const twin = this.files.get(document.id);
    this.#remove(row);
    this.#update({ ...document, tray: true, file: row.file, again: Boolean(twin) || document.status === "PROCESSED" });
  }

  #failed(row, error) {
    row.status = "REFUSED";
    row.error = error instanceof ApiError ? error.message : gettext("The file could not be sent. Try again.");
    this.#draw(row);
    announce(`${row.name}: ${row.error}`);
  }

  // --- watching ------------------------------------------------------------------------------
  #rung(event) {
    if (event.type === "documents") for (const document of event.documents) this.#update({ ...document, tray: true });
    if (event.type === "document") this.#update(event.document);
    if (event.type === "document_deleted" && this.files.has(event.document.id)) {
      this.#remove(this.files.get(event.document.id));
      this.on.changed();
    }
  }

  async #poll() {
    if (this.live || document.hidden) return;
    for (const row of this.files.values()) {
      if (!UNFINISHED.includes(row.status)) continue;
      try { this.#update(await api(`files/${row.id}`)); } catch { /* the next round tries again */ }
    }
  }

  #update(document) {
    const before = this.files.get(document.id);
    const row = { ...before, ...document, key: document.id,
      name: document.original_filename ?? document.filename ?? before?.name };
    this.files.set(row.key, row);
    if (before && before.status !== row.status) {
      if (row.status === "PROCESSED") announce(fill(gettext("%(name)s is ready. You can ask about it."), { name: row.name }));
      if (row.status === "FAILED") announce(`${row.name}: ${row.error}`);
    }
    this.#draw(row);
    if (before?.status !== row.status) this.on.changed();
  }

  // --- rows ----------------------------------------------------------------------------------
  #draw(row) {
    row.elements ??= {};
    for (const [place, list] of [["tray", row.tray ? $("tray") : null], ["list", this.list]]) {
      const old = row.elements[place];
      if (!list) { old?.remove(); continue; }
      const fresh = this.#row(row, place);
      if (old?.isConnected) old.replaceWith(fresh);
      else list.prepend(fresh);
      row.elements[place] = fresh;
    }
  }

  #row(row, place) {
    const can = row.status === "PROCESSED";
    const name = can
      ? h("button", { type: "button", className: "name", title: row.name, onclick: (event) => this.on.view(row, event.currentTarget) }, row.name)
      : h("span", { className: "name", title: row.name }, row.name);
    const { words, className, value } = this.#state(row);
    return h("li", { className: "file", "data-status": row.status, "data-file": row.id ?? row.key },
      name, h("span", { className: `what ${className ?? ""}` }, words),
      h("span", { className: "does" }, this.#tools(row, place)),
      value === undefined ? null
        : h("progress", { max: 100, value, "aria-label": fill(gettext("Progress of %(name)s"), { name: row.name }) }));
  }

  #state(row) {
    const percent = (value) => `${Math.round(value)}%`;
    switch (row.status) {
      case "SENDING":
        return { words: `${gettext("Sending")} · ${percent(row.sent * 100)} ${fill(gettext("of %(size)s"), { size: bytes(row.size) })}`, value: row.sent * 100 };
      case "UPLOADED": return { words: gettext("Waiting to be read"), value: 0 };
      case "PROCESSING": {
        const left = row.seconds_left ? ` · ${timeLeft(row.seconds_left)}` : "";
        return { words: `${(STAGES[row.stage] ?? STAGES.extract)()} · ${percent(row.progress)}${left}`, value: row.progress };
      }
      case "PROCESSED": {
        const pages = row.page_count ? ` · ${fill(ngettext("%(count)s page", "%(count)s pages", row.page_count), { count: row.page_count })}` : "";
        return { words: `${row.again ? gettext("Already here, ready") : gettext("Ready")}${pages}`, className: "ready" };
      }
      default: return { words: row.error || gettext("This file could not be read."), className: "wrong" };
    }
  }

  #tools(row, place) {
    const label = (words) => fill(words, { name: row.name });
    const retry = tool("again", label(gettext("Try %(name)s again")), () => this.#retry(row));
    const remove = tool("bin", label(gettext("Delete %(name)s")), () => this.#delete(row));
    const hide = tool("close", label(gettext("Hide %(name)s")), () => this.#dismiss(row));
    if (row.status === "SENDING") return [tool("close", label(gettext("Cancel %(name)s")), () => this.#cancel(row))];
    if (row.status === "REFUSED") return [retry, tool("close", label(gettext("Remove %(name)s")), () => this.#remove(row))];
    const mine = boot.user.is_admin || row.uploaded_by === undefined || row.uploaded_by === boot.user.id;
    if (row.status === "FAILED") return mine ? [retry, remove] : [hide];
    if (place === "tray") return row.status === "PROCESSED" ? [hide] : mine ? [remove] : [];
    return mine ? [remove] : [];
  }

  #cancel(row) {
    this.queue = this.queue.filter((other) => other !== row);
    if (row.request) row.request.abort();
    else this.#remove(row);
  }

  #dismiss(row) {
    row.tray = false;
    this.#draw(row);
  }

  /** Ready rows have said what they had to say once a question is asked. */
  tidy() {
    for (const row of this.files.values()) if (row.status === "PROCESSED" && row.tray) this.#dismiss(row);
  }

  async #retry(row) {
    if (row.status === "REFUSED") {
      this.#remove(row);
      this.add([row.file]);
      return;
    }
    try {
      this.#update(await api(`files/${row.id}/reprocess`, { method: "POST" }));
    } catch (error) { this.on.failed(error); }
  }

  async #delete(row) {
    const sure = await confirmFirst(gettext("Delete this file?"),
      fill(gettext("“%(name)s” will be gone for good. Answers that cite it keep their words, but cannot open it any more."), { name: row.name }),
      gettext("Delete"));
    if (!sure) return;
    try {
      await api(`files/${row.id}`, { method: "DELETE" });
    } catch (error) {
      if (error.status !== 404) { this.on.failed(error); return; }
    }
    this.#remove(row);
    this.on.changed();
  }

  #remove(row) {
    this.files.delete(row.key);
    for (const element of Object.values(row.elements ?? {})) element.remove();
  }

  // --- the panel -----------------------------------------------------------------------------
  /** Everything I may read, newest first, into `body`. */
  async panel(body) {
    const list = h("ul", { className: "file-list" });
    const note = h("p", { className: "quiet" }, gettext("Looking for your files…"));
    const add = h("button", { type: "button", className: "button", onclick: () => this.choose() }, icon("plus"), gettext("Add files"));
    body.replaceChildren(h("div", { className: "stack" }, h("div", { className: "actions" }, add), note, list));
    this.list = list;
    try {
      let total = 1;
      for (let skip = 0; skip < total && skip < 1000; skip += 100) {
        const page = await api(`files?limit=100&skip=${skip}`);
        total = page.total;
        for (const document of page.files) {
          const row = { ...this.files.get(document.id), ...document, key: document.id, name: document.original_filename ?? document.filename };
          this.files.set(row.key, row);
        }
        if (!page.files.length) break;
      }
      note.textContent = total ? "" : gettext("Nothing here yet. Add a PDF, a text or a Markdown file; drop it anywhere on this page.");
      const rows = [...this.files.values()].sort((a, b) => (a.uploaded_at ?? "9").localeCompare(b.uploaded_at ?? "9"));
      for (const row of rows) this.#draw(row);
    } catch (error) { note.textContent = error.message; }
  }

  // --- drag and drop -------------------------------------------------------------------------
  #drops() {
    let depth = 0;
    const cover = $("dropping");
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const inside = (change) => { depth = Math.max(0, depth + change); cover.hidden = depth === 0; };
    addEventListener("dragenter", (event) => { if (hasFiles(event)) { event.preventDefault(); inside(1); } });
    addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
    addEventListener("dragleave", (event) => { if (hasFiles(event)) inside(-1); });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      inside(-depth);
      this.add([...event.dataTransfer.files]);
    });
  }
}

function timeLeft(seconds) {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : [Math.round(seconds / 60), "minute"];
  return fill(gettext("about %(time)s left"), { time: amount(count, unit) });
}
