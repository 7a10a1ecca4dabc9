// The pane: my files, or one open source. It stands beside the conversation, or lies below it as a
// sheet where there is no room (lontar.css says which); both go on working.

import { $, gettext, h, tool } from "./lib.js";

const [LEAST, USUAL, MOST] = [25, 55, 80]; // percent of the window's height
const STEP = 5;
const THROWN_BELOW = 15; // let go down here the sheet is closed

let comeBackTo = null;
let showing = null; // {onClose?()}
let chosen = null; // the height the reader gave to sources

/** Empties the pane and opens it under a title; gives its parts to fill. `tall`: what is worked in,
    not looked at beside an answer. */
export function openPane(title, { from, back, onClose, tall = false } = {}) {
  showing?.onClose?.();
  showing = { onClose };
  if (from) comeBackTo = from;
  const pane = $("pane");
  const heading = h("h2", { tabIndex: -1, dir: "auto", title }, title);
  const body = h("div", { className: "pane-body" });
  const head = h(
    "header",
    { className: "pane-head" },
    back ? tool("back", gettext("Back to all files"), back) : null,
    heading,
    tool("close", gettext("Close"), closePane),
  );
  const edge = handle(tall);
  pane.replaceChildren(edge, head, body);
  pane.setAttribute("aria-label", title);
  pane.hidden = false;
  $("app").classList.add("with-pane");
  heading.focus({ preventScroll: true });
  // What was read stays in sight above the sheet.
  if (comeBackTo?.closest(".turns")) comeBackTo.scrollIntoView({ block: "nearest" });
  return { pane, head, heading, body };
}

export function closePane() {
  if ($("pane").hidden) return;
  showing?.onClose?.();
  showing = null;
  $("pane").hidden = true;
  $("pane").replaceChildren();
  $("app").classList.remove("with-pane");
  $("show-material")?.setAttribute("aria-expanded", "false");
  (comeBackTo?.isConnected ? comeBackTo : ($("say") ?? $("title"))).focus({ preventScroll: true });
  comeBackTo = null;
}

// --- how high the sheet is -----------------------------------------------------------------------
/** The upper edge of the sheet: dragged, moved by the arrows, or pressed for half and tall. */
function handle(tall) {
  let height;
  const set = (percent) => {
    height = Math.round(Math.max(LEAST, Math.min(MOST, percent)));
    $("app").style.setProperty("--sheet", `${height}%`);
    edge.setAttribute("aria-valuenow", String(height));
  };
  const choose = (percent) => {
    set(percent);
    if (!tall) chosen = height;
  };
  const edge = h("div", {
    className: "pane-edge",
    tabIndex: 0,
    role: "separator",
    "aria-orientation": "horizontal",
    "aria-label": gettext("Height of this part"),
    "aria-controls": "pane",
    "aria-valuemin": LEAST,
    "aria-valuemax": MOST,
    onkeydown: (event) => {
      const to = {
        ArrowUp: height + STEP,
        ArrowDown: height - STEP,
        Home: LEAST,
        End: MOST,
        Enter: height < MOST ? MOST : USUAL,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(to);
    },
  });
  dragged(edge, choose, () => choose(height < MOST ? MOST : USUAL));
  set(tall ? MOST : (chosen ?? USUAL));
  return edge;
}

function dragged(edge, choose, press) {
  let begun = null; // where the finger came down
  let percent = null;
  // Nothing is selected on the way: that would take the focus along.
  edge.onmousedown = (event) => event.preventDefault();
  edge.onpointerdown = (event) => {
    if (event.button) return;
    edge.focus({ preventScroll: true });
    edge.setPointerCapture(event.pointerId);
    [begun, percent] = [event.clientY, null];
  };
  edge.onpointermove = (event) => {
    if (begun === null || (percent === null && Math.abs(event.clientY - begun) < 5)) return;
    percent = (1 - event.clientY / innerHeight) * 100;
    choose(percent);
  };
  edge.onpointerup = () => {
    if (begun === null) return;
    if (percent === null) press();
    else if (percent < THROWN_BELOW) {
      choose(USUAL);
      closePane();
    }
    begun = null;
  };
  edge.onpointercancel = () => {
    begun = null;
  };
}

addEventListener("keydown", (event) => {
  if (
    event.key !== "Escape" ||
    event.defaultPrevented ||
    document.querySelector("dialog[open], [popover]:popover-open")
  )
    return;
  const writing = event.target.closest?.("input, textarea, select");
  if ($("pane").contains(document.activeElement) || !(writing && $("talk").contains(writing)))
    closePane();
});
