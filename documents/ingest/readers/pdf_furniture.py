"""What a page says about the book and not about its subject: running heads, feet, page numbers.

It is known by coming again at the same height of the pages around, its numbers left aside.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from operator import attrgetter

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
TOP = attrgetter("y0")
LONE_NUMBER = re.compile(r"^\W*(?:page|halaman|hal\.?)?\W*(\d{1,4})\W*$", re.IGNORECASE)
# What arXiv prints on its side beside the first page.
STAMP = re.compile(r"^arXiv:(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})")
Edges = dict[tuple[bool, str], list[float]]


@dataclass(slots=True)
class Edge:
    """A line at the top or the bottom of a page; `middle` is a share of the page's height."""

    line: Line
    at_top: bool
    said: str
    key: str
    middle: float
    # A number that is the page's last line, wherever the text ends; `key` is its distance from the
    # page's place in the file, the same on all pages.
    is_count: bool = False


def along(page: Page) -> list[Edge]:
    """The lines at a page's edges, the outermost first."""
    found = []
    for line, at_top in _candidates(page):
        said = page.said(line)
        middle = (line.y0 + line.y1) / 2 / max(page.height, 1)
        found.append(Edge(line, at_top, said, NUMBER.sub("#", said.casefold()), middle))
    counted = _counted(page)
    return [*found, counted] if counted is not None else found


def edges(found: Sequence[Edge]) -> Edges:
    """{(at the top, its words without numbers): heights}."""
    out: Edges = {}
    for edge in found:
        out.setdefault((edge.at_top, edge.key), []).append(edge.middle)
    return out


def furniture(
    page: Page, found: Sequence[Edge], around: Sequence[Edges], count: int
) -> tuple[list[Line], list[Line]]:
    """(lines at the top, lines at the bottom), from the top down, that are no text of the page.

    `found` are the lines at its edges, `around` the edges of its neighbours, `count` the pages of
    the whole document.
    """
    needed = 2 if count > 4 else 1
    top: list[Line] = []
    bottom: list[Line] = []
    numbers = 0
    for edge in found:
        group = top if edge.at_top else bottom
        if edge.is_count:
            if not group and sum((False, edge.key) in edges_ for edges_ in around) >= 2:
                bottom.append(edge.line)
                numbers += 1
            continue
        is_number = PAGE_NUMBER.match(edge.said) is not None
        if not is_number and _repeats(edge, around) < needed:
            continue
        # Only from the edge inwards: what stands behind a line of text is text.
        if len(group) >= _rank(page, edge):
            group.append(edge.line)
            numbers += is_number
    if numbers < len(top) + len(bottom) == len(page.lines):
        return [], []
    return top, bottom[::-1] + _stamp(page, {id(line) for line in (*top, *bottom)})


def _counted(page: Page) -> Edge | None:
    upright = [line for line in page.lines if not line.aside]
    last = max(upright, key=TOP, default=None)
    if last is None or last.table or len(upright) == 1:
        return None
    said = page.said(last)
    number = LONE_NUMBER.match(said)
    if number is None or any(other.y1 > last.y0 + 1 for other in upright if other is not last):
        return None
    return Edge(last, False, said, f"page {page.number - int(number[1])}", 0.0, True)


def _stamp(page: Page, taken: Container[int]) -> list[Line]:
    """The stamp and what stands on its side with it."""
    aside = [line for line in page.lines if line.aside and id(line) not in taken]
    mark = next((line for line in aside if STAMP.match(page.said(line))), None)
    if mark is None or len(aside) == len(page.lines):
        return []
    return [line for line in aside if abs(line.x0 - mark.x0) < mark.x1 - mark.x0]


def _candidates(page: Page) -> list[tuple[Line, bool]]:
    """Lines at the edges, the outermost first."""
    limit = EDGE * page.height
    by_height = sorted((line for line in page.lines if not line.table), key=TOP)
    top = [line for line in by_height[:LINES] if line.y1 < limit]
    bottom = [line for line in by_height[-LINES:] if line.y0 > page.height - limit]
    return [(line, True) for line in top] + [(line, False) for line in reversed(bottom)]


def _rank(page: Page, edge: Edge) -> int:
    """How many lines stand further out."""
    if edge.at_top:
        limit = edge.line.y0 + 1
        return sum(other.y1 <= limit for other in page.lines)
    limit = edge.line.y1 - 1
    return sum(other.y0 >= limit for other in page.lines)


def _repeats(edge: Edge, around: Sequence[Edges]) -> int:
    if not any(map(str.isalpha, edge.key)):
        return 0
    key, middle = (edge.at_top, edge.key), edge.middle
    return sum(
        any(abs(other - middle) < SAME_HEIGHT for other in edges_.get(key, ())) for edges_ in around
    )
