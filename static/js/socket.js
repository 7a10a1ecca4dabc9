// A WebSocket that comes back by itself: exponential backoff with full jitter, at once when the
// network or the tab returns. What was missed is the owner's business (resume by number).

const FIRST_WAIT = 400;
const LONGEST_WAIT = 15000;
const REFUSED = [4401, 4403, 4404];

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
