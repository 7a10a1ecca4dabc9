// Small things every module needs: the page's data, words, elements, requests.

export const boot = JSON.parse(document.getElementById("boot").textContent);
export const $ = (id) => document.getElementById(id);

// --- words ---------------------------------------------------------------------------------
// The catalog comes with the page for the reader's language; English is the source text itself.
const catalog = boot.catalog ?? {};

export function gettext(text) {
  const found = catalog[text];
  return (Array.isArray(found) ? found[0] : found) ?? text;
}

export function ngettext(one, many, count) {
  const found = catalog[one];
  if (found === undefined) return count === 1 ? one : many;
  if (!Array.isArray(found)) return found;
  return found[count === 1 || found.length === 1 ? 0 : 1];
}

/** Fills %(name)s places. */
export const fill = (text, values) =>
  text.replace(/%\((\w+)\)s/g, (whole, name) => String(values[name] ?? whole));

// The reader's own habits (24 hours, day before month) where they go with the page's language.
const locale = navigator.languages.find((name) => name.startsWith(boot.language)) ?? boot.language;
export const date = (value, options) => new Intl.DateTimeFormat(locale, options).format(value);
const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

/** "14 sec" in the reader's language. */
export const amount = (count, unit) =>
  new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(count);

export function bytes(size) {
  const units = ["B", "kB", "MB", "GB"];
  let step = 0;
  while (size >= 1000 && step < 3) {
    size /= 1000;
    step += 1;
  }
  return `${number.format(size)} ${units[step]}`;
}

// The words that a text of either language has most of. What is neither has no language here.
const COMMON = {
  en: /\b(the|of|and|is|to|in|that|are|was|for|with|as|it|by|this)\b/gi,
  id: /\b(yang|dan|di|ini|itu|untuk|dengan|adalah|pada|dari|ke|tidak|dalam|oleh|atau)\b/gi,
};

/** "en" or "id" for a text that is plainly the one, so that it is spoken as such; else undefined. */
export function languageOf(text = "") {
  const [en, id] = ["en", "id"].map((name) => text.match(COMMON[name])?.length ?? 0);
  if (Math.max(en, id) < 2 || Math.min(en, id) * 3 > Math.max(en, id)) return undefined;
  return en > id ? "en" : "id";
}

// --- elements ------------------------------------------------------------------------------
/** h("p", {className: "x", onclick: f, "aria-label": "y"}, "text", child): never parses HTML. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") || (name in element && !name.includes("-") && name !== "list"))
      element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A button that shows only an icon; its name is spoken and shown as a tip. */
export const tool = (name, label, onclick, props = {}) =>
  h(
    "button",
    { type: "button", className: "tool", title: label, "aria-label": label, onclick, ...props },
    icon(name),
  );

let announcing;
/** Says one sentence to screen readers, politely. */
export function announce(text) {
  clearTimeout(announcing);
  $("announce").textContent = "";
  announcing = setTimeout(() => {
    $("announce").textContent = text;
  }, 60);
}

// --- keys ----------------------------------------------------------------------------------
const LETTERS_OFF = "lontar.letters.off";
export const letters = {
  get on() {
    return !localStorage.getItem(LETTERS_OFF);
  },
  set on(yes) {
    if (yes) localStorage.removeItem(LETTERS_OFF);
    else localStorage.setItem(LETTERS_OFF, "1");
  },
};

/** actions: {n: run, ...}. A letter works alone outside of boxes, until that is switched off: who
    dictates presses keys unawares. With Alt and Shift it works everywhere. */
export function onKeys(actions) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    const everywhere = event.altKey && event.shiftKey;
    const writing = event.target.closest?.("input, textarea, select");
    if (!everywhere && (event.altKey || writing || !letters.on)) return;
    // With these two a keyboard may write other signs: then the key counts, not what it writes.
    const name = everywhere ? event.code.replace(/^Key/, "") : event.key;
    const run = actions[name.toLowerCase()];
    if (!run) return;
    event.preventDefault();
    if (!event.repeat) run();
  });
}

// --- requests ------------------------------------------------------------------------------
export class ApiError extends Error {
  constructor(status, body, retryAfter) {
    super(body?.detail || gettext("That did not work. Try again in a moment."));
    this.status = status;
    this.code = body?.code ?? "";
    this.retryAfter = retryAfter;
  }
}

export const offline = () =>
  new ApiError(0, {
    code: "offline",
    detail: gettext("Lontar cannot be reached. Check your connection and try again."),
  });

export function csrf() {
  return document.querySelector("input[name=csrfmiddlewaretoken]").value;
}

/** The answer's JSON (null when there is none), or an ApiError with a sentence for the reader. */
export async function api(path, { method = "GET", body, headers = {} } = {}) {
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : { "X-CSRFToken": csrf(), "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw offline();
  }
  return answer(response.status, await response.text(), response.headers.get("Retry-After"));
}

/** Shared with uploads, which need XMLHttpRequest for their progress. */
export function answer(status, text, retryAfter) {
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    /* an error page, not JSON */
  }
  if (status === 401)
    location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
  if (status < 200 || status >= 300) throw new ApiError(status, body, retryAfter);
  return body;
}

// --- a socket ------------------------------------------------------------------------------
const FIRST_WAIT = 400;
const LONGEST_WAIT = 15000;
const REFUSED = [4401, 4403, 4404];

/** A WebSocket that comes back by itself: exponential backoff with full jitter, at once when the
    network or the tab returns. What was missed is the owner's business (resume by number). */
export class LiveSocket {
  /** handlers: message(object), open?(), state?("open" | "waiting" | "refused", closeCode) */
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.failures = 0;
    this.retry = () => this.#soon(0);
    addEventListener("online", this.retry);
    this.#connect();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** False when there is no connection now; the caller decides what that means. */
  send(data) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(data));
    return true;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.retry);
    this.socket?.close();
  }

  #connect() {
    const socket = new WebSocket(this.path);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.handlers.state?.("open");
      this.handlers.open?.();
    };
    socket.onmessage = (event) => this.handlers.message(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.closed || socket !== this.socket) return;
      if (REFUSED.includes(event.code)) {
        this.handlers.state?.("refused", event.code);
        return;
      }
      this.handlers.state?.("waiting");
      this.#soon(Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures) + 100);
      this.failures += 1;
    };
  }

  #soon(wait) {
    if (this.closed || this.isOpen || this.socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#connect(), wait);
  }
}

/** For answers that may overtake each other, with `begun = inSeries()`: `const isLast = begun()` at the start of each, and
    after every wait `isLast()` tells whether no newer one has begun. */
export function inSeries() {
  let newest = 0;
  return () => {
    newest += 1;
    const mine = newest;
    return () => mine === newest;
  };
}

/** Asks before something that cannot be undone; resolves to true or false. */
export function confirmFirst(title, words, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { className: "ask", "aria-labelledby": "ask-title" },
      h("h2", { id: "ask-title" }, title),
      h("p", {}, words),
      h(
        "form",
        { method: "dialog", className: "actions" },
        h("button", { className: "button", value: "no", autofocus: true }, gettext("Cancel")),
        h("button", { className: "button danger", value: "yes" }, yes),
      ),
    );
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

// --- What a place in a document is called, by what the file counts: pages, slides, rows or parts --
const WORDS = {
  page: () => gettext("page %(page)s"),
  slide: () => gettext("slide %(page)s"),
  rows: (label) => (label.includes("–") ? gettext("rows %(page)s") : gettext("row %(page)s")),
  part: () => gettext("part %(page)s"),
};
const COUNTS = {
  page: (count) => ngettext("%(count)s page", "%(count)s pages", count),
  slide: (count) => ngettext("%(count)s slide", "%(count)s slides", count),
  part: (count) => (count > 1 ? ngettext("%(count)s part", "%(count)s parts", count) : ""),
};

/** "page iv", "slide 4", "row 120"; "" for a text in one part. */
export function placeWords({ page, page_unit: unit = "page", page_label: label = "" }) {
  const words = WORDS[unit]?.(label);
  return words ? fill(words, { page: label || page }) : "";
}

/** The name of a document and of a place in it. */
export function named(source) {
  return [source.document_name, placeWords(source)].filter(Boolean).join(", ");
}

/** "12 slides"; "" where the number says nothing to a reader. */
export function countWords(count, unit = "page") {
  const words = count ? COUNTS[unit]?.(count) : "";
  return words ? fill(words, { count }) : "";
}

/** The names of the viewer's tools for what it shows. */
export function turning(unit) {
  switch (unit) {
    case "slide":
      return {
        one: gettext("Slide"),
        number: gettext("Slide number"),
        before: gettext("Slide before"),
        next: gettext("Next slide"),
        told: gettext("Slide %(page)s of %(count)s"),
      };
    case "rows":
    case "part":
    case "":
      return {
        one: gettext("Part"),
        number: gettext("Part number"),
        before: gettext("Part before"),
        next: gettext("Next part"),
        told: gettext("Part %(page)s of %(count)s"),
      };
    default:
      return {
        one: gettext("Page"),
        number: gettext("Page number"),
        before: gettext("Page before"),
        next: gettext("Next page"),
        told: gettext("Page %(page)s of %(count)s"),
      };
  }
}
