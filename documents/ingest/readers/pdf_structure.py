"""Pages as read, to pages as stored: their neighbours tell what is furniture and what a heading."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from documents.ingest.cleaning import Hyphens
from documents.ingest.frames import PageText
from documents.ingest.readers import pdf_furniture, pdf_lines
from documents.ingest.readers.pdf_furniture import AROUND, Edge, Edges
from documents.ingest.readers.pdf_headings import Bookmark, Headings, is_caption
from documents.ingest.readers.pdf_lines import Line, Page

LONGEST_HEADER = 200
# Lines above a table that belong to it, and how long they may be.
TITLES = 2
LONGEST_TITLE = 100


class Structure:
    """Holds a few pages back, so that memory does not grow with the document."""

    def __init__(self, count: int, outline: Sequence[Bookmark] = ()) -> None:
        self._count = count
        self._hyphens = Hyphens()
        self._headings = Headings(outline)
        self._columns = ("", 0)

    def pages(self, found: Iterable[Page]) -> Iterator[PageText]:
        waiting: deque[tuple[Page, list[Edge], Edges]] = deque()
        behind: deque[Edges] = deque(maxlen=AROUND)
        for page in found:
            self._headings.learn(page)
            found_there = pdf_furniture.along(page)
            waiting.append((page, found_there, pdf_furniture.edges(found_there)))
            if len(waiting) > AROUND:
                yield self._next(waiting, behind)
        while waiting:
            yield self._next(waiting, behind)

    def _next(
        self, waiting: deque[tuple[Page, list[Edge], Edges]], behind: deque[Edges]
    ) -> PageText:
        page, at_edges, edges = waiting.popleft()
        around = [*behind, *(ahead for _page, _edges, ahead in waiting)]
        behind.append(edges)
        top, bottom = pdf_furniture.furniture(page, at_edges, around, self._count)
        return self._finish(page, top, bottom)

    def _finish(self, page: Page, top: Sequence[Line], bottom: Sequence[Line]) -> PageText:
        aside = {id(line) for line in (*top, *bottom)}
        body = [line for line in page.lines if id(line) not in aside]
        boxes = pdf_lines.write(page, [*top, *body, *bottom], self._hyphens)
        span = (body[0].start, body[-1].end) if body else (0, 0)
        headings = self._headings.along(page, body)
        blocks, headings = self._tables(page, body, headings)
        return PageText(
            page.number,
            page.text,
            page.width,
            page.height,
            boxes,
            tuple(headings) if any(path for _place, path in headings) else (),
            tuple(blocks),
            span,
            page.label,
        )

    def _tables(
        self, page: Page, body: Sequence[Line], headings: list[tuple[int, str]]
    ) -> tuple[list[tuple[int, int, str]], list[tuple[int, str]]]:
        """(blocks as in PageText, headings with the columns of a table that began a page ago)."""
        blocks: list[tuple[int, int, str]] = []
        number = 0
        while number < len(body):
            if not body[number].table:
                number += 1
                continue
            end = number
            while end < len(body) and body[end].table == body[number].table:
                end += 1
            start = _with_titles(page, body, number, blocks, headings)
            columns = _columns(page, body[number:end])
            width = len(body[number].cells)
            if not columns and number == 0 and self._columns[1] == width:
                columns = self._columns[0]
                headings = _under(headings, body[number].start, body[end - 1].end, columns)
                blocks.append((body[number].start, body[end - 1].end, ""))
            else:
                title = page.text[body[start].start : body[number].start]
                header = " | ".join(filter(None, (" ".join(title.split()), columns)))
                blocks.append((body[start].start, body[end - 1].end, header[:LONGEST_HEADER]))
            self._columns = (columns, width) if end == len(body) else ("", 0)
            number = end
        if not blocks:
            self._columns = ("", 0)
        return blocks, headings


def _with_titles(
    page: Page,
    body: Sequence[Line],
    number: int,
    blocks: Sequence[tuple[int, int, str]],
    headings: Sequence[tuple[int, str]],
) -> int:
    """The first of the short lines above a table that name it."""
    least = blocks[-1][1] if blocks else -1
    begun = {place for place, _path in headings}
    start = number
    while start > max(0, number - TITLES):
        line = body[start - 1]
        text = page.text[line.start : line.end]
        ends = text[-1:] in ".;," and not is_caption(text)
        if line.start < least or line.table or len(text) > LONGEST_TITLE or ends:
            break
        start -= 1
        if line.start in begun:
            break
    return start


def _columns(page: Page, rows: Sequence[Line]) -> str:
    """The names of a table's columns; what stands over two lines is read down."""
    header = [line for line in rows if line.is_header]
    names = []
    for column in range(len(rows[0].cells)):
        cells = [page.words_of(line.cells[column]) for line in header]
        names.append(" ".join(filter(None, cells)))
    return " | ".join(filter(None, names))


def _under(
    headings: list[tuple[int, str]], start: int, end: int, columns: str
) -> list[tuple[int, str]]:
    """The headings, with the names of the columns from `start` to `end`."""
    path = [said for place, said in headings if place <= start][-1]
    said = " | ".join(filter(None, (path, columns[:LONGEST_HEADER])))
    before = [entry for entry in headings if entry[0] < start]
    after = [entry for entry in headings if entry[0] > start]
    return [*before, (start, said), *([] if after else [(end, path)]), *after]
