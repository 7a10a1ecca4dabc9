// What a place in a document is called, by what the file counts: pages, slides, rows or parts.

import { fill, gettext, ngettext } from "./lib.js";

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
