// The pane: my files, or one open source. It stands beside the conversation, or lies below it as a
// sheet where there is no room (lontar.css says which); both go on working. What is worked in, not
// looked at beside an answer, takes the whole page on a phone.

import { $, gettext, h, tool } from "./lib.js";

const [LEAST, USUAL, MOST] = [25, 55, 80]; // percent of the window's height
const STEP = 5;
const THROWN_BELOW = 15; // let go down here the sheet is closed

const PHONE = matchMedia("(width < 50rem)");

let comeBackTo = null;
let showing = null; // {onClose?(), back?()}
let chosen = null; // the height the reader gave to sources
let isPage = false; // a step of the history stands for it: the phone's own way back closes it

/** Empties the pane and opens it under a title; gives its parts to fill. `whole`: what is worked in,
    not looked at beside an answer. */
export function openPane(title, { from, back, onClose, whole = false } = {}) {
  showing?.onClose?.();
  showing = { onClose, back };
  if (from) comeBackTo = from;
  const pane = $("pane");
  const heading = h("h2", { tabIndex: -1, dir: "auto", title }, title);
  const body = h("div", { className: "pane-body" });
  const head = h(
    "header",
    { className: "pane-head" },
    back
      ? tool("back", gettext("Back to all files"), leave)
      : whole && tool("back", gettext("Back"), leave, { className: "tool only-phone" }),
    heading,
    tool("close", gettext("Close"), leaveAll, { className: whole ? "tool not-phone" : "tool" }),
  );
  const edge = handle(whole);
  pane.replaceChildren(edge, head, body);
  pane.setAttribute("aria-label", title);
  pane.hidden = false;
  $("app").classList.add("with-pane");
  $("app").classList.toggle("whole", whole);
  tellPart();
  if (whole && PHONE.matches && !isPage) {
    history.pushState(history.state, "");
    isPage = true;
  }
  heading.focus({ preventScroll: true });
  // What was read stays in sight above the sheet.
  if (comeBackTo?.closest(".turns")) comeBackTo.scrollIntoView({ block: "nearest" });
  return { pane, head, heading, body };
}

/** What covers the page is its main part, under its first heading. */
function tellPart() {
  const covers = PHONE.matches && $("app").classList.contains("whole");
  $("pane").setAttribute("role", covers ? "main" : "complementary");
  $("pane").querySelector("h2")?.setAttribute("aria-level", covers ? "1" : "2");
}
PHONE.addEventListener("change", tellPart);

/** One step back: to the files, where it came from, or to what lies below. */
function leave() {
  if (isPage) history.back();
  else if (showing?.back) showing.back();
  else closePane();
}

/** Also from a file of the list. */
function leaveAll() {
  if (showing) showing.back = undefined;
  leave();
}

addEventListener(
  "popstate",
  (event) => {
    if (!isPage) return;
    event.stopImmediatePropagation(); // the address is the same one
    isPage = false;
    leave();
  },
  { capture: true },
);

export function closePane() {
  if ($("pane").hidden) return;
  isPage = false;
  showing?.onClose?.();
  showing = null;
  $("pane").hidden = true;
  $("pane").replaceChildren();
  $("app").classList.remove("with-pane", "whole");
  tellPart();
  $("show-material")?.setAttribute("aria-expanded", "false");
  (comeBackTo?.isConnected ? comeBackTo : ($("say") ?? $("title"))).focus({ preventScroll: true });
  comeBackTo = null;
}

// --- how high the sheet is -----------------------------------------------------------------------
/** The upper edge of the sheet: dragged, moved by the arrows, or pressed for half and tall. */
function handle(whole) {
  let height;
  const set = (percent) => {
    height = Math.round(Math.max(LEAST, Math.min(MOST, percent)));
    $("app").style.setProperty("--sheet", `${height}%`);
    edge.setAttribute("aria-valuenow", String(height));
  };
  const choose = (percent) => {
    set(percent);
    if (!whole) chosen = height;
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
  set(whole ? MOST : (chosen ?? USUAL));
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
      leaveAll();
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
    leaveAll();
});
