"""Lines of a page in reading order, and the page's text made of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import median

import numpy

from documents.ingest.cleaning import HYPHENS, Hyphens
from documents.ingest.readers import pdf_order, pdf_tables
from documents.ingest.readers.pdf_calls import Array
from documents.ingest.readers.pdf_order import Piece
from documents.ingest.readers.pdf_tables import Cell
from documents.ingest.readers.pdf_words import BREAK, HYPHEN, SPACE, Words

LARGEST = 65_535
UNITS = 10_000
CELL = " | "
LEADS = ("", " ")


@dataclass(slots=True)
class Line:
    """One line, or one row of a table; `start` and `end` are offsets into the page's text."""

    cells: list[Cell]
    # 0: the line before goes on; 1: a new paragraph; 2: another column.
    parted: int = 0
    table: int = 0
    is_header: bool = False
    # Turned another way than the page's text.
    aside: bool = False
    start: int = 0
    end: int = 0
    size: float = 0.0
    bold: bool = False
    pieces: list[Piece] = field(init=False)
    x0: float = field(init=False)
    y0: float = field(init=False)
    x1: float = field(init=False)
    y1: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        self.pieces = [piece for cell in self.cells for piece in cell]
        first = self.pieces[0]
        self.x0, self.y0, self.x1, self.y1 = first.x0, first.y0, first.x1, first.y1
        self.height = first.height
        for piece in self.pieces[1:]:
            self._hold(piece)

    def add(self, piece: Piece) -> None:
        """At the end of its only cell."""
        self.cells[0].append(piece)
        self.pieces.append(piece)
        self._hold(piece)

    def _hold(self, piece: Piece) -> None:
        self.x0, self.x1 = min(self.x0, piece.x0), max(self.x1, piece.x1)
        self.y0, self.y1 = min(self.y0, piece.y0), max(self.y1, piece.y1)
        self.height = max(self.height, piece.height)


def lines_of(groups: Sequence[Sequence[Piece]], texts: Sequence[str]) -> list[Line]:
    """The lines of all columns; rows of tables are lines with several cells."""
    finder = pdf_tables.Finder(texts)
    out: list[Line] = []
    tables = 0
    for group in groups:
        rows = pdf_order.rows(group)
        found = finder.find(rows)
        rest = list(group)
        column: list[Line] = []
        if not found:
            column = _plain_lines(rest)
        position = 0
        for start, end, table in found:
            column += _plain_lines([piece for row in rows[position:start] for piece in row])
            tables += 1
            column += [
                Line(cells, table=tables, is_header=number < table.header_rows)
                for number, cells in enumerate(table.rows)
            ]
            position = end
        if found:
            column += _plain_lines([piece for row in rows[position:] for piece in row])
        _part(column)
        if column:
            column[0].parted = 2
        out += column
    return out


def _plain_lines(group: Sequence[Piece]) -> list[Line]:
    out: list[Line] = []
    for piece in pdf_order.in_order(group):
        last = out[-1].pieces[-1] if out else None
        if last is not None and _same_line(last, piece):
            out[-1].add(piece)
        else:
            out.append(Line([[piece]]))
    return out


def _same_line(last: Piece, piece: Piece) -> bool:
    shared = min(last.y1, piece.y1) - max(last.y0, piece.y0)
    return shared > 0.5 * min(last.height, piece.height)


def _part(column: Sequence[Line]) -> None:
    """Marks where paragraphs begin: after more space than usual, or in another size."""
    gaps = [after.y0 - before.y1 for before, after in itertools.pairwise(column)]
    usual = median(gaps) if gaps else 0.0
    for number, gap in enumerate(gaps, start=1):
        line, before = column[number], column[number - 1]
        height = min(line.height, before.height)
        wide = gap > usual + 0.4 * height or gap < -2 * height
        other = abs(line.height - before.height) > 0.12 * max(line.height, before.height)
        if line.table != before.table or (not line.table and (wide or other)):
            line.parted = 1


@dataclass
class Page:
    """A page as read; its text is written when it is known what its neighbours say."""

    number: int
    width: float
    height: float
    label: str
    words: Words
    lines: list[Line]
    text: str = ""

    def words_of(self, cell: Sequence[Piece]) -> str:
        return " ".join(" ".join(self.words.texts[p.first : p.end]) for p in cell)

    def said(self, line: Line) -> str:
        """The words of a line as they stand there, hyphens and all."""
        return self.words_of(line.pieces)


def write(page: Page, lines: Sequence[Line], hyphens: Hyphens) -> bytes:
    """Sets the page's text and the offsets of the lines; gives boxes as in models.Page."""
    words = page.words
    order = _order(lines)
    hyphens.learn(_whole(words))
    writer = _Writer(words, order, hyphens)
    before: Line | None = None
    for line in lines:
        writer.put(line, before)
        before = line
    offsets = writer.offsets()
    position = 0
    starts, ends = offsets.T.tolist()
    for line in lines:
        line.start = starts[position]
        position += sum(piece.words for piece in line.pieces)
        line.end = ends[position - 1]
    page.text = writer.text()
    return _rows(offsets, words.boxes[order], page.width, page.height)


class _Writer:
    """Words in their order, and what stands before each."""

    def __init__(self, words: Words, order: Array, hyphens: Hyphens) -> None:
        self._words = words
        self._hyphens = hyphens
        self._texts = [words.texts[number] for number in order.tolist()]
        self._lengths = words.lengths[order]
        # What stands before a word is one space or nothing, but for these places.
        self._gaps = words.before[order] != 0
        self._leads: dict[int, str] = {}
        self._position = 0

    def put(self, line: Line, before: Line | None) -> None:
        """Sets what stands before the line and between its pieces and cells."""
        if before is None:
            self._leads[self._position] = ""
        elif line.table or before.table:
            self._leads[self._position] = "\n" if line.table == before.table else "\n\n"
        else:
            self._leads[self._position] = self._turn(line, before)
        # Empty cells between two filled ones keep their places.
        edges = 0
        last: Piece | None = None
        for number, cell in enumerate(line.cells):
            edges += number > 0
            for piece in cell:
                if last is not None or edges:
                    self._lead(piece, last, edges)
                edges, last = 0, piece
                self._position += piece.end - piece.first

    def _lead(self, piece: Piece, last: Piece | None, edges: int) -> None:
        if last is None:
            self._leads[self._position] += (CELL * edges).lstrip()
        elif edges:
            self._leads[self._position] = CELL * edges
        else:
            touches = _touches(last, piece, self._words)
            self._leads[self._position] = "" if touches else " "

    def _turn(self, line: Line, before: Line) -> str:
        """What stands at the end of a line, where a hyphen may be the printer's."""
        position = self._position
        last, first = self._texts[position - 1], self._texts[position]
        follows = line.pieces[0].first == before.pieces[-1].end
        if follows and self._words.before[line.pieces[0].first] == HYPHEN:
            return "" if self._hyphens.joins(last, first) else "-"
        if self._hyphens.is_parted(last, first) and line.height < 1.2 * before.height:
            if self._hyphens.joins(last[:-1], first):
                self._texts[position - 1] = last[:-1]
                self._lengths[position - 1] -= 1
            return ""
        runs_on = last[-1:] not in ".!?:;…" and first[:1].islower()
        return "\n\n" if line.parted and not (line.parted == 2 and runs_on) else "\n"

    def offsets(self) -> Array:
        """(n, 2) of where each word begins and ends."""
        gaps = self._gaps.astype(numpy.int64)
        gaps[list(self._leads)] = list(map(len, self._leads.values()))
        ends = numpy.cumsum(self._lengths + gaps)
        return numpy.column_stack((ends - self._lengths, ends))

    def text(self) -> str:
        leads = list(map(LEADS.__getitem__, self._gaps.tolist()))
        for position, lead in self._leads.items():
            leads[position] = lead
        return "".join(chain.from_iterable(zip(leads, self._texts, strict=True)))


def _whole(words: Words) -> list[str]:
    """The words that no line's end has cut in two."""
    texts = words.texts.copy()
    begins = numpy.flatnonzero(words.before >= BREAK)
    for number, gap in zip(begins.tolist(), words.before[begins].tolist(), strict=True):
        if gap == HYPHEN or texts[number - 1][-1:] in HYPHENS:
            texts[number] = texts[number - 1] = ""
    return texts


def _order(lines: Sequence[Line]) -> Array:
    runs = [range(p.first, p.end) for line in lines for p in line.pieces]
    return numpy.fromiter(chain.from_iterable(runs), numpy.int64)


def _touches(last: Piece, piece: Piece, words: Words) -> bool:
    return (
        words.before[piece.first] < SPACE
        or -0.3 * last.height < piece.x0 - last.x1 < 0.12 * last.height
    )


def _rows(offsets: Array, boxes: Array, width: float, height: float) -> bytes:
    """As in models.Page; words beyond what two bytes can count have none."""
    scale = numpy.array([width, height, width, height])
    shares = numpy.clip(boxes / numpy.maximum(scale, 0.01) * UNITS, 0, UNITS)
    table = numpy.empty((len(offsets), 6), "<u2")
    seen = offsets[:, 1] <= LARGEST
    table[:, :2] = numpy.minimum(offsets, LARGEST)
    table[:, 2:4] = numpy.floor(shares[:, :2])
    table[:, 4:] = numpy.ceil(shares[:, 2:])
    return table[seen & (table[:, 4] > table[:, 2])].tobytes()
