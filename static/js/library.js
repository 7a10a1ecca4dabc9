// The list of all my files in the pane.

import { api, bytes, fill, gettext, h, icon } from "./lib.js";

/** Everything I may read, newest first, into `body`; the rows stay alive through `material`. */
export async function library(material, body) {
  const list = h("ul", { className: "file-list" });
  const note = h("p", { className: "quiet" }, gettext("Looking for your files…"));
  const add = h(
    "button",
    { type: "button", className: "button", onclick: () => material.choose() },
    icon("plus"),
    gettext("Add files"),
  );
  const used = h("p", { className: "quiet" });
  body.replaceChildren(
    h("div", { className: "stack" }, h("div", { className: "actions" }, add), used, note, list),
  );
  material.show(list);
  showUse(used);
  try {
    let total = 1;
    for (let skip = 0; skip < total && skip < 1000; skip += 100) {
      const page = await api(`files?limit=100&skip=${skip}`);
      total = page.total;
      for (const document of page.files) {
        const row = {
          ...material.files.get(document.id),
          ...document,
          key: document.id,
          name: document.original_filename ?? document.filename,
        };
        material.files.set(row.key, row);
      }
      if (!page.files.length) break;
    }
    note.textContent = total
      ? ""
      : gettext(
          "Nothing here yet. Drop PDF, Word, PowerPoint, web pages, CSV, text and Markdown, or a ZIP of these, anywhere on this page.",
        );
    const rows = [...material.files.values()].sort((a, b) =>
      (a.uploaded_at ?? "9").localeCompare(b.uploaded_at ?? "9"),
    );
    for (const row of rows) material.draw(row);
  } catch (error) {
    note.textContent = error.message;
  }
}

/** How much room is taken; nobody misses it when it cannot be told. */
async function showUse(line) {
  try {
    const use = await api("files/quota");
    if (use.bytes_limit !== null)
      line.textContent = fill(gettext("%(used)s of %(limit)s used"), {
        used: bytes(use.bytes_used),
        limit: bytes(use.bytes_limit),
      });
  } catch {
    line.remove();
  }
}
