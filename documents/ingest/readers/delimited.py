"""CSV and its relatives: every row with the names of its columns, fifty rows a page.

Page n holds the rows 50 (n - 1) + 1 to 50 n, counted without the header as a spreadsheet's user
would; each row stands under its number, so a citation shows which one it is.
"""

import csv
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import TextIO

from documents.ingest.cleaning import has_words, plain_lines
from documents.ingest.frames import Info, PageText, Unreadable
from documents.ingest.readers import encodings, streams, text

KIND = "csv"
MEDIA_TYPE = "text/csv"
EXTENSION = ".csv"
NAMES = (".csv", ".tsv", ".tab")
ROWS = 50
DELIMITERS = ",;\t|"
SAMPLE_LINES = 40
LONGEST_SAMPLE = 2000
LONGEST_LINE = 256 * 1024
# An open quotation mark swallows lines: after so many it was no quotation mark.
LONGEST_ROW = 200
MOST_COLUMNS = 500
LONGEST_CELL = 20_000
LEAST_LINES = 4
YEAR = re.compile(r"(?:1[89]|20)\d\d")
NUMBER = re.compile(r"[-+(]?[\d.,:/%\s€$£-]*\d[\d.,:/%)\s-]*|true|false", re.IGNORECASE)


def sniff(head: bytes, name: str) -> bool:
    """A text named so, or one whose lines all have the same number of fields."""
    if not text.sniff(head, name):
        return False
    if name.lower().endswith(NAMES):
        return True
    if name.lower().endswith((".txt", ".log")) or b"\n" not in head:
        return False
    lines = head.decode(encodings.of(head), errors="replace").splitlines()[:-1]
    delimiter = _delimiter(lines)
    widths = set(_widths(lines, delimiter))
    return len(lines) >= LEAST_LINES and len(widths) == 1 and widths.pop() > 2


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    csv.field_size_limit(4 * LONGEST_LINE)
    with streams.opened(path) as (file, share):
        cut = Cut()
        pages = streams.limited(_pages(file, cut))
        yield from streams.announced(pages, share, "rows", lambda: cut.rows)


class Cut:
    """How many rows were read in part only."""

    rows = 0


def _pages(file: TextIO, cut: Cut) -> Iterator[PageText]:
    lines = _lines(file)
    sample = list(islice(lines, SAMPLE_LINES))
    rows = _rows(chain(sample, lines), _delimiter(sample), cut)
    first = list(islice(rows, 20))
    if not first:
        raise Unreadable("empty", "no row")
    lead = _lead(first)
    first = first[len(lead) :]
    header = first[0] if _names_columns(first) else []
    body = chain(first[1:] if header else first, rows)
    number = 0
    words = has_words(" ".join(header))
    while page := list(islice(body, ROWS)):
        made = _page(number + 1, number * ROWS, header, page, [] if number else lead)
        words = words or any(has_words(cell) for row in page for cell in row)
        number += 1
        yield made
    if not number and header:
        number = 1
        yield PageText(1, " | ".join(filter(None, header)))
    if not words:
        raise Unreadable("no_text", "no letter and no digit")


def _lead(rows: list[list[str]]) -> list[str]:
    """What stands above a table of three columns or more: rows of one cell, a title or a note."""
    filled = [sum(map(bool, row)) for row in rows]
    count = next((place for place, cells in enumerate(filled) if cells > 1), 0)
    is_table = count and len(rows) > count + 2 and min(filled[count : count + 3]) > 2
    return [" ".join(filter(None, row)) for row in rows[:count]] if is_table else []


def _page(
    number: int, before: int, header: list[str], rows: list[list[str]], lead: list[str]
) -> PageText:
    """A block for each row: its number, then `name: value` lines; what stands above comes first."""
    parts: list[str] = ["\n".join(lead)] if lead else []
    blocks: list[tuple[int, int, str]] = []
    place = len(parts[0]) + 2 if parts else 0
    for count, row in enumerate(rows, start=before + 1):
        block = "\n".join([f"Row {count}", *_cells(header, row)])
        parts.append(block)
        blocks.append((place, place + len(block), ""))
        place += len(block) + 2
    return PageText(number, "\n\n".join(parts), headings=((0, ""),), blocks=tuple(blocks))


def _cells(header: list[str], row: list[str]) -> Iterator[str]:
    if not header:
        yield " | ".join(row)
        return
    for place, cell in enumerate(row):
        if cell:
            name = header[place] if place < len(header) else ""
            yield f"{name or f'#{place + 1}'}: {cell}"


def _lines(file: TextIO) -> Iterator[str]:
    """Lines with their ends; one without an end in sight is cut."""
    first = True
    while line := file.readline(LONGEST_LINE):
        line = line.replace("\0", "")
        # What some spreadsheets write to say the delimiter.
        if not (first and re.match(r"sep=.\s*$", line)):
            yield line
        first = False


def _delimiter(lines: list[str]) -> str:
    """The one that divides most lines into the same number of fields, and into many."""
    best, highest = ",", 0.0
    for delimiter in DELIMITERS:
        widths = _widths(lines, delimiter)
        if not widths:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        share = widths.count(usual) / len(widths)
        score = share * min(usual, 4) if usual > 1 else 0.0
        if score > highest:
            best, highest = delimiter, score
    return best


def _widths(lines: list[str], delimiter: str) -> list[int]:
    """The number of fields in each row that is not empty; none for what is no CSV."""
    short = [line[:LONGEST_SAMPLE] for line in lines]
    try:
        return [len(row) for row in csv.reader(short, delimiter=delimiter) if row]
    except csv.Error:
        return []


class _Runaway(Exception):
    """A row does not end: its quotation mark was none."""


def _rows(lines: Iterator[str], delimiter: str, cut: Cut) -> Iterator[list[str]]:
    """Rows with at least one cell that is not empty, cells cleaned."""
    taken: list[str] = []

    def fed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            if len(taken) > LONGEST_ROW:
                raise _Runaway
            yield line

    while True:
        reader = csv.reader(fed(), delimiter=delimiter)
        try:
            for row in reader:
                if len(taken) > 1 and "".join(taken).count('"') % 2:
                    raise _Runaway  # the file ended before its quotation mark did
                taken.clear()
                yield from _cleaned(row, cut)
        except (_Runaway, csv.Error):
            # Read its lines one by one, marks and all, and go on behind them.
            plain = [line.replace("\r", " ") for line in taken]
            for row in csv.reader(plain, delimiter=delimiter, quoting=csv.QUOTE_NONE):
                yield from _cleaned(row, cut)
            taken.clear()
            continue
        return


def _cleaned(row: list[str], cut: Cut) -> Iterator[list[str]]:
    if any(row[MOST_COLUMNS:]) or any(len(cell) > LONGEST_CELL for cell in row):
        cut.rows += 1
    cells = [" ".join(plain_lines(cell[:LONGEST_CELL]).split()) for cell in row[:MOST_COLUMNS]]
    if any(cells):
        yield cells


def _names_columns(rows: list[list[str]]) -> bool:
    """Whether the first row is a header: words, all different, where below may be numbers."""
    names = [name for name in rows[0] if name]
    if not names or len(rows) == 1:
        return False
    if len(set(names)) < len(names) and not _has_numbers_below(rows):
        return False
    numbers = [name for name in names if NUMBER.fullmatch(name)]
    if any(len(name) > 100 for name in names) or not all(map(YEAR.fullmatch, numbers)):
        return False
    return len(numbers) < len(names) and len(names) * 2 > max(map(len, rows))


def _has_numbers_below(rows: list[list[str]]) -> bool:
    """Whether some column has a word on top and nothing but numbers under it."""
    columns = zip(*(row for row in rows if len(row) == len(rows[0])), strict=False)
    return any(
        not NUMBER.fullmatch(top) and below and all(map(NUMBER.fullmatch, below))
        for top, *below in columns
    )
