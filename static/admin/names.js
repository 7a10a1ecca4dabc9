// Names for the boxes that Django's admin leaves without one: in a table a box is named by its column
// and its row, and what select2 puts in a select's place by the label of that select.

let counted = 0;

function idOf(element) {
  counted += 1;
  element.id ||= `name-${counted}`;
  return element.id;
}

/** The elements whose words name a box: its label, else the heads of its column and of its row. */
function namesOf(box) {
  if (box.labels?.length) return [box.labels[0]];
  const cell = box.closest("td");
  const head = cell?.closest("table").tHead?.rows[0].cells[cell.cellIndex];
  const row = cell?.closest("tr").querySelector("th, td.original p");
  return [head, row].filter((one) => one?.textContent.trim());
}

function name(element, ...names) {
  const ids = names.filter(Boolean).map(idOf).join(" ");
  if (ids && element && element.getAttribute("aria-labelledby") !== ids)
    element.setAttribute("aria-labelledby", ids);
}

const UNNAMED = "td :is(input, select, textarea):not([type=hidden], [aria-label], [aria-labelledby])";

/** A day and an hour in two boxes: what both are for stands above, which is which as words before. */
function nameParts(box) {
  const whole = box.closest("fieldset")?.querySelector("legend");
  const before = [...box.parentElement.childNodes].slice(0, [...box.parentElement.childNodes].indexOf(box));
  const part = before.findLast((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const words = [whole?.textContent, part?.data].filter(Boolean).map((text) => text.trim());
  if (words.length) box.setAttribute("aria-label", words.join(" "));
}

function nameAll() {
  for (const box of document.querySelectorAll(".datetime input:not([aria-label])")) nameParts(box);
  for (const box of document.querySelectorAll(UNNAMED))
    if (!box.labels?.length) name(box, ...namesOf(box));
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const names = namesOf(select);
    const made = select.nextElementSibling;
    const chosen = made?.querySelector(".select2-selection__rendered");
    const box = made?.querySelector("[role=combobox]");
    name(box, ...names, chosen);
    if (chosen?.getAttribute("role") === "textbox") name(chosen, ...names);
    name(made?.querySelector(".select2-search__field"), ...names);
    // For the mouse alone, and no item of the list it stands in.
    made?.querySelector("ul .select2-selection__clear")?.setAttribute("aria-hidden", "true");
    // The list that opens stands at the end of the page.
    if (box?.getAttribute("aria-expanded") === "true")
      for (const part of document.querySelectorAll(
        ".select2-dropdown :is(.select2-search__field, [role=listbox])",
      ))
        name(part, ...names);
  }
}

/** Tables that are wider than a phone are scrolled by the keyboard, too. */
function reachAll() {
  for (const box of document.querySelectorAll(".inline-group")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

nameAll();
reachAll();
addEventListener("resize", reachAll);
let waiting = false;
new MutationObserver(() => {
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => {
    waiting = false;
    nameAll();
  });
}).observe(document.body, { childList: true, subtree: true });
