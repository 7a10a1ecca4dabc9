"""What axe-core finds on the page in a window: WCAG 2.0, 2.1 and 2.2, levels A and AA, and how a
page is parted. No rule is left out and no element excused; what one page has in common with the
page before (the admin's frame) may be looked at once.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

SOURCE = (Path(__file__).parents[1] / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text()
# Both the levels and what makes a page a whole for who hears it: one h1, landmarks around all.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PARTS = [
    "landmark-one-main",
    "landmark-unique",
    "landmark-no-duplicate-banner",
    "landmark-no-duplicate-contentinfo",
    "page-has-heading-one",
    "region",
    "skip-link",
    "target-size",
]
SHAPES = [("light", 1280), ("dark", 390)]
RUN = """async ([scheme, tags, more, once]) => {
  // Colours that still change belong to neither look.
  for (const one of document.getAnimations())
    if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
  const rules = Object.fromEntries(more.map((name) => [name, { enabled: true }]));
  const context = once.length ? { exclude: once.map((one) => [one]) } : document;
  const { violations } = await axe.run(context, {
    runOnly: { type: "tag", values: tags }, rules, resultTypes: ["violations"], preload: false,
  });
  const told = (words, most) => words.replace(/\\s+/g, " ").slice(0, most);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
    `${id} in ${scheme}: ${told(html, 160)} ${told(failureSummary, 260)}`));
}"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def come_along(page: Any) -> None:
    """Brings axe into every page that is opened from now on, past the page's policy."""
    page.add_init_script(SOURCE)
    page.emulate_media(reduced_motion="reduce")


def found(
    page: Any,
    shapes: Iterable[tuple[str, int]] = SHAPES,
    *,
    once: Iterable[str] = (),
    parts: bool = True,
) -> list[str]:
    """One line for each element that breaks a rule, and for what makes the page scroll sideways.

    `once`: selectors of what was looked at on another page; `parts`: whether the page's parting is.
    """
    lines: list[str] = []
    for scheme, width in shapes:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        lines += page.evaluate(RUN, [f"{scheme} {width}", TAGS, PARTS if parts else [], list(once)])
        if page.evaluate(WIDE) > 0:
            lines.append(f"scrolls sideways at {width}")
    return lines
