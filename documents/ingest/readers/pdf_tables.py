"""Tables: rows of pieces that stand in the same columns.

Most tables in filings and papers have no ruling lines, and those that have are aligned as well, so
alignment decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from documents.ingest.readers.pdf_order import WIDE, Piece

Cell = list[Piece]
MARKER = re.compile(r"^(?:[•▪◦‣●○■□–\-*·➢✓\uf0b7\uf0a7]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])$")
SIGN = re.compile(r"^[$€£¥]$|^Rp\.?$")
TAIL = re.compile(r"^(?:\)|%|\)%|pts?|x|bps|\)\s*%)$")
NUMBER = re.compile(r"^[$€£¥(+\-–—−~<>≈\s]*(?:Rp\.?\s?)?\d[\d.,\s]*[)%*†‡a-zA-Z]{0,3}\s*[)%]?$")
BLANK = re.compile(r"^[$€£¥\s]*(?:[-–—−.*]{1,3}|n/?a|nm|nil)[\s)%]*$", re.IGNORECASE)
YEAR = re.compile(r"^(?:FY\s?)?(?:19|20)\d\d[AEF]?(?:\(\w\))?$|^Q[1-4]\b.*$")
LARGEST_CELL = 45
HEADER_ROWS = 4


@dataclass
class Table:
    """Rows of as many cells as there are columns; an empty cell is an empty list."""

    rows: list[list[Cell]]
    header_rows: int
    columns: list[tuple[float, float]]


class Finder:
    """Finds the tables among the rows of one column of text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def find(self, rows: Sequence[Sequence[Piece]]) -> list[tuple[int, int, Table]]:
        """[(first row, end, table)], in order."""
        if sum(len(row) > 1 for row in rows) < 2:
            return []
        cells = [self._cells(row) for row in rows]
        found = []
        start = 0
        while start < len(cells):
            if len(cells[start]) < 2:
                start += 1
                continue
            end = self._end(cells, start)
            table = self._table(cells[start:end])
            if table is not None:
                first = self._top(cells, start, found[-1][1] if found else 0, table)
                found.append((first, end, table))
            start = end
        return found

    def _text(self, cell: Cell) -> str:
        return " ".join(" ".join(self._texts[p.first : p.end]) for p in cell)

    def _cells(self, row: Sequence[Piece]) -> list[Cell]:
        """What belongs together: a bullet and its item, a currency's sign and its number."""
        if len(row) == 1:
            return [[row[0]]]
        cells: list[Cell] = []
        joins = False
        for piece in row:
            text = " ".join(self._texts[piece.first : piece.end])
            near = cells and piece.x0 - cells[-1][-1].x1 < WIDE * piece.height
            if cells and (joins or near or TAIL.match(text)):
                cells[-1].append(piece)
            else:
                cells.append([piece])
            joins = bool(SIGN.match(text) or (len(cells) == 1 and MARKER.match(text)))
        return cells

    def _end(self, cells: Sequence[Sequence[Cell]], start: int) -> int:
        """Where the run of rows ends that begins with row `start`."""
        end = last = start + 1
        label = max(cells[start][1][0].x0, cells[start][0][-1].x1)
        while last < len(cells) and last - end < 3:
            before, row = cells[last - 1], cells[last]
            height = row[0][0].height
            if row[0][0].y0 - before[0][0].y1 > 2.5 * height:
                break
            if len(row) > 1:
                end = last + 1
                label = max(label, row[0][-1].x1)
            elif self._letters(row[0]) > 70 or row[0][-1].x1 > label + 10 * height:
                break
            last += 1
        return end

    def _top(self, cells: Sequence[Sequence[Cell]], start: int, least: int, table: Table) -> int:
        """Takes in titles over the columns that stand close above the table's first row."""
        columns = table.columns
        while start > least and start and table.header_rows < HEADER_ROWS:
            row, below = cells[start - 1], cells[start]
            near = below[0][0].y0 - row[0][0].y1 < 0.8 * row[0][0].height
            beside = row[0][0].x0 > columns[0][1] - 2 and row[0][0].x0 > columns[0][0] + 20
            if not (near and beside) or self._letters(row[0]) > 60:
                break
            table.rows.insert(0, _spread(row, columns))
            table.header_rows += 1
            start -= 1
        return start

    def _letters(self, cell: Cell) -> int:
        return sum(piece.letters for piece in cell)

    def _table(self, run: Sequence[Sequence[Cell]]) -> Table | None:
        several = [row for row in run if len(row) > 1]
        columns = _columns(several)
        if len(columns) < 2 or len(several) < (2 if len(columns) > 2 else 3):
            return None
        cells = [cell for row in several for cell in row]
        numbers = sum(self._is_number(cell) for cell in cells)
        mean = sum(map(self._letters, cells)) / len(cells)
        few = numbers * 5 < len(cells)
        if mean > LARGEST_CELL or (few and mean > (25 if len(columns) == 2 else 35)):
            return None
        placed = [_placed(row, columns) for row in run]
        if sum(row is None for row in placed) * 5 > len(placed):
            return None
        rows = [row or _spread(cells, columns) for row, cells in zip(placed, run, strict=True)]
        rows = self._joined(rows)
        return Table(rows, self._header_rows(rows), columns)

    def _is_number(self, cell: Cell) -> bool:
        text = self._text(cell)
        return bool(NUMBER.match(text) or BLANK.match(text))

    def _joined(self, rows: list[list[Cell]]) -> list[list[Cell]]:
        """Rows whose cells run over several lines, made one."""
        out: list[list[Cell]] = []
        for row in rows:
            if out and self._continues(out[-1], row):
                out[-1] = [above + below for above, below in zip(out[-1], row, strict=True)]
            elif out and self._is_begun(out[-1], row):
                out[-1] = [out[-1][0] + row[0], *row[1:]]
            else:
                out.append(row)
        return out

    def _continues(self, above: Sequence[Cell], row: Sequence[Cell]) -> bool:
        """A line of words under filled cells, with nothing in the first column and no number."""
        filled = [n for n, cell in enumerate(row) if cell]
        if not filled or filled[0] == 0 or not above[0]:
            return False
        if any(self._is_number(row[n]) or not above[n] for n in filled):
            return False
        top, bottom = row[filled[0]][0], above[filled[0]][-1]
        return top.y0 - bottom.y1 < 0.5 * top.height and not self._is_number(above[filled[0]])

    def _is_begun(self, above: Sequence[Cell], row: Sequence[Cell]) -> bool:
        """A label that began on the line above, where it stands alone."""
        if any(above[1:]) or not above[0] or not row[0] or not any(row[1:]):
            return False
        first = self._text(row[0])
        before = self._text(above[0])
        runs_on = first[:1].islower() and before[-1:] not in ".:;"
        return runs_on and row[0][0].y0 - above[0][-1].y1 < 0.6 * row[0][0].height

    def _header_rows(self, rows: Sequence[Sequence[Cell]]) -> int:
        """How many rows at the top name the columns: no amounts in them, years at most."""
        for count, row in enumerate(rows[: HEADER_ROWS + 1]):
            values = [self._text(cell) for cell in row[1:] if cell]
            if any((NUMBER.match(v) and not YEAR.match(v)) or BLANK.match(v) for v in values):
                return count
            if not values and count:
                return count
        return self._words_above(rows)

    def _words_above(self, rows: Sequence[Sequence[Cell]]) -> int:
        """In a table of words: the rows above the first full one, or that one itself."""
        if len(rows) < 3:
            return 0
        full = next((n for n, row in enumerate(rows[: HEADER_ROWS + 1]) if all(row)), 0)
        return full or (1 if all(rows[0]) else 0)


def _columns(several: Sequence[Sequence[Cell]]) -> list[tuple[float, float]]:
    """(left, right) of each column: where cells of the fullest rows stand above one another."""
    most = max((len(row) for row in several), default=0)
    full = [row for row in several if len(row) >= max(2, 0.7 * most)]
    spans = sorted((cell[0].x0, cell[-1].x1) for row in full for cell in row)
    columns: list[tuple[float, float]] = []
    for left, right in spans:
        if columns and left < columns[-1][1] - 1:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _placed(row: Sequence[Cell], columns: Sequence[tuple[float, float]]) -> list[Cell] | None:
    """The row with each cell in its column; None when two want the same one."""
    out: list[Cell] = [[] for _ in columns]
    for cell in row:
        best = _best(cell, columns)
        if out[best]:
            return None
        out[best] = cell
    return out


def _spread(row: Sequence[Cell], columns: Sequence[tuple[float, float]]) -> list[Cell]:
    out: list[Cell] = [[] for _ in columns]
    for cell in row:
        out[_best(cell, columns)] += cell
    return out


def _best(cell: Cell, columns: Sequence[tuple[float, float]]) -> int:
    """The column a cell shares most with; a title over several goes to the first it covers."""
    left, right = cell[0].x0, cell[-1].x1
    shares = [min(right, end) - max(left, start) for start, end in columns]
    covered = [
        n for n, (start, end) in enumerate(columns) if shares[n] > 0.8 * max(1.0, end - start)
    ]
    return covered[0] if len(covered) > 1 else max(range(len(columns)), key=shares.__getitem__)
