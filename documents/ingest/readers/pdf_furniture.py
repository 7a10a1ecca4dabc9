"""What a page says about the book and not about its subject: running heads, feet, page numbers.

It is known by coming again at the same height of the pages around, its numbers left aside.
"""

import re
from collections.abc import Sequence

from documents.ingest.readers.pdf_lines import Line, Page

# Pages looked at on either side; books change the running head from left to right pages.
AROUND = 4
# Lines at an edge that may be furniture, and how much of the page's height they lie in.
LINES = 4
EDGE = 0.15
SAME_HEIGHT = 0.02
NUMBER = re.compile(r"\b(?:[A-Z]{1,2}-)?\d[\d.,/-]*\b|\b[ivxlcdm]+\b")
PAGE_NUMBER = re.compile(
    r"^\W*(?:page|halaman|hal\.?|p\.)?\W*(?:[A-Z]{1,2}-)?(?:\d{1,4}|[ivxlcdm]{1,7})"
    r"\W*(?:(?:of|dari|/)\W*\d+)?\W*$",
    re.IGNORECASE,
)
Edges = dict[tuple[bool, str], list[float]]


def edges(page: Page) -> Edges:
    """{(at the top, its words without numbers): heights} of the lines at a page's edges."""
    found: Edges = {}
    for line, at_top in _candidates(page):
        middle = (line.y0 + line.y1) / 2 / max(page.height, 1)
        found.setdefault((at_top, _key(page, line)), []).append(middle)
    return found


def furniture(page: Page, around: Sequence[Edges], count: int) -> tuple[list[Line], list[Line]]:
    """(lines at the top, lines at the bottom), from the top down, that are no text of the page.

    `around` are the edges of its neighbours, `count` the pages of the whole document.
    """
    needed = 2 if count > 4 else 1
    top: list[Line] = []
    bottom: list[Line] = []
    for line, at_top in _candidates(page):
        group = top if at_top else bottom
        # Only from the edge inwards: what stands behind a line of text is text.
        if len(group) < _rank(page, line, at_top):
            continue
        if _is_number(page, line) or _repeats(page, line, at_top, around) >= needed:
            group.append(line)
    if len(top) + len(bottom) == len(page.lines) and not _all_numbers(page, top + bottom):
        return [], []
    return top, bottom[::-1]


def _candidates(page: Page) -> list[tuple[Line, bool]]:
    """Lines at the edges, the outermost first."""
    limit = EDGE * page.height
    by_height = sorted((line for line in page.lines if not line.table), key=lambda line: line.y0)
    top = [line for line in by_height[:LINES] if line.y1 < limit]
    bottom = [line for line in by_height[-LINES:] if line.y0 > page.height - limit]
    return [(line, True) for line in top] + [(line, False) for line in reversed(bottom)]


def _rank(page: Page, line: Line, at_top: bool) -> int:
    """How many lines stand further out."""
    if at_top:
        return sum(other.y1 <= line.y0 + 1 for other in page.lines)
    return sum(other.y0 >= line.y1 - 1 for other in page.lines)


def _key(page: Page, line: Line) -> str:
    return NUMBER.sub("#", page.said(line).casefold())


def _is_number(page: Page, line: Line) -> bool:
    return PAGE_NUMBER.match(page.said(line)) is not None


def _all_numbers(page: Page, lines: Sequence[Line]) -> bool:
    return all(_is_number(page, line) for line in lines)


def _repeats(page: Page, line: Line, at_top: bool, around: Sequence[Edges]) -> int:
    key = (at_top, _key(page, line))
    if not any(map(str.isalpha, key[1])):
        return 0
    middle = (line.y0 + line.y1) / 2 / max(page.height, 1)
    return sum(
        any(abs(other - middle) < SAME_HEIGHT for other in edges_.get(key, ())) for edges_ in around
    )
