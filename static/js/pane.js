// The pane beside the conversation (over it on a small screen): my files, or one open source.

import { $, gettext, h, tool } from "./lib.js";

const BESIDE = matchMedia("(width >= 68rem)");
let comeBackTo = null;
let showing = null; // {close?()}

/** Empties the pane and opens it under a title; gives its parts to fill. */
export function openPane(title, { from, back, onClose } = {}) {
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
  pane.replaceChildren(head, body);
  pane.setAttribute("aria-label", title);
  pane.hidden = false;
  $("app").classList.add("with-pane");
  cover();
  heading.focus({ preventScroll: true });
  return { pane, head, heading, body };
}

export function closePane() {
  if ($("pane").hidden) return;
  showing?.onClose?.();
  showing = null;
  $("pane").hidden = true;
  $("pane").replaceChildren();
  $("app").classList.remove("with-pane");
  cover();
  $("show-material")?.setAttribute("aria-expanded", "false");
  (comeBackTo?.isConnected ? comeBackTo : ($("say") ?? $("title"))).focus({ preventScroll: true });
  comeBackTo = null;
}

/** What lies under a full-screen pane cannot be reached. */
function cover() {
  const covered = !$("pane").hidden && !BESIDE.matches;
  $("talk").inert = covered;
  $("sidebar").inert = covered;
}

BESIDE.addEventListener("change", cover);
addEventListener("keydown", (event) => {
  if (
    event.key !== "Escape" ||
    event.defaultPrevented ||
    document.querySelector("dialog[open], [popover]:popover-open")
  )
    return;
  if ($("pane").contains(document.activeElement) || !$("talk").contains(document.activeElement))
    closePane();
});
