// What a reader takes along. Browsers give `navigator.clipboard` to https and localhost alone; at
// any other address, such as that of a computer in the network of a school, there is the older way.

/** Resolves when `text`, and `html` for programs that take it, can be pasted; rejects when not. */
export async function copy(text, html) {
  if (!navigator.clipboard) return copyBySelection(text, html);
  if (!html || !globalThis.ClipboardItem) return navigator.clipboard.writeText(text);
  const blob = (words, type) => new Blob([words], { type });
  return navigator.clipboard.write([
    new ClipboardItem({
      "text/plain": blob(text, "text/plain"),
      "text/html": blob(html, "text/html"),
    }),
  ]);
}

function copyBySelection(text, html) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text || " "; // nothing selected would be nothing to copy
  area.style.cssText = "position: fixed; inset: 0 auto auto 0; opacity: 0";
  const put = (event) => {
    event.preventDefault();
    event.clipboardData.setData("text/plain", text);
    if (html) event.clipboardData.setData("text/html", html);
  };
  // Outside of an open dialog nothing can be selected.
  (focused?.closest("dialog") ?? document.body).append(area);
  area.addEventListener("copy", put);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  if (!copied) throw new Error("the browser did not copy");
}
