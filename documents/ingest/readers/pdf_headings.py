"""Which lines of a PDF are headings, and what they are under.

A heading is larger or bolder than the text of the document, or numbered as one; the file's own
bookmarks say best what is under what.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from documents.ingest import sentences
from documents.ingest.headings import LONGEST, joined
from documents.ingest.readers.pdf_lines import Line, Page

LARGER = 1.12
LONGEST_LINE = 160
MOST_LINES = 3
# Headings that the bookmarks do not know stand under those they know.
BELOW = 100
KEPT = 3
CAPTION = re.compile(
    r"^(?:figure|fig\.|table|tabel|gambar|grafik|chart|exhibit|bagan|diagram|listing)"
    r"\s*[\dA-Z][\d.\-]*\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"^(?:(?:chapter|section|part|bab|bagian|paragraf|lampiran|appendix)\s+[\dIVXA-Z]{1,5}\b"
    r"|pasal\s+\d+[A-Z]?$|item\s+\d{1,2}[a-z]?\.?\s|\d{1,2}(?:\.\d{1,3}){1,4}\.?\s+[A-ZÀ-Þ])",
    re.IGNORECASE,
)
DEPTH = re.compile(r"^(?:[A-Z]\.)?(\d{1,2}(?:\.\d{1,3})*)\.?\s")
EDGES = re.compile(r"[\W\d_]+")
# An item of a list and a unit in brackets are set like headings, and are none.
NO_HEADING = re.compile(r"[•·◦▪●○□■‣⁃∙*–-]\s*\S|o\s+\S|\([^()]*\)$")
# A heading that stands at the beginning of its paragraph ends with its sentence.
RUN_IN = re.compile(r"(?<=[^\W\d_]{3})\.\s+(?=[A-ZÀ-ÖØ-Þ])")


@dataclass(frozen=True)
class Bookmark:
    """An entry of the outline; `level` from 0, `page` from 1."""

    level: int
    title: str
    page: int


class Headings:
    """The path of headings along the document; pages are given in order."""

    def __init__(self, outline: Sequence[Bookmark]) -> None:
        self._sizes: Counter[float] = Counter()
        self._bold: Counter[bool] = Counter()
        self._path: dict[int, str] = {}
        self._ranks: dict[int, tuple[float, bool, bool, int]] = {}
        self._outline: dict[int, list[Bookmark]] = {}
        for mark in outline:
            self._outline.setdefault(mark.page, []).append(mark)

    def learn(self, page: Page) -> None:
        """Counts the sizes in which the document is set; may be ahead of `along`."""
        for line in page.lines:
            if not line.table:
                letters = sum(piece.letters for piece in line.pieces)
                self._sizes[line.size] += letters
                self._bold[line.bold] += letters

    def along(self, page: Page, lines: Sequence[Line]) -> list[tuple[int, str]]:
        """[(offset, path from there on)], beginning with 0; `lines` without the furniture."""
        start = (0, self._said())
        found: list[tuple[int, str]] = []
        marks = list(self._outline.get(page.number, ()))
        for group in self._groups(page, lines):
            text = " ".join(page.text[line.start : line.end] for line in group).replace("\n", " ")
            mark = _taken(marks, text)
            if mark is not None:
                self._set(mark.level, text, None)
            else:
                self._rank(_before_its_text(text), group[0])
            found.append((group[0].start, self._said()))
        if marks:
            # Bookmarks without a line that looks like them count from the top of the page.
            self._missed(marks, bool(found))
            start = (0, self._said()) if not found else start
        return [start, *(entry for entry in found if entry[0])] if not _begins(found) else found

    def _said(self) -> str:
        levels = sorted(self._path)[-KEPT:]
        return joined({level: self._path[level] for level in levels})

    def _set(self, level: int, text: str, rank: tuple[float, bool, bool, int] | None) -> None:
        self._path = {n: name for n, name in self._path.items() if n < level}
        self._ranks = {n: kept for n, kept in self._ranks.items() if n < level}
        self._path[level] = " ".join(text.split())[:LONGEST]
        if rank is not None:
            self._ranks[level] = rank

    def _missed(self, marks: Sequence[Bookmark], late: bool) -> None:
        if late:
            return
        for mark in marks:
            self._set(mark.level, mark.title, None)

    def _rank(self, text: str, line: Line) -> None:
        """Under the last heading that is larger, or as large and numbered less deeply."""
        numbers = DEPTH.match(text)
        depth = numbers.group(1).count(".") + 1 if numbers else 0
        rank = (round(line.size), line.bold, text.isupper(), -depth)
        above = [n for n, kept in self._ranks.items() if kept > rank]
        bookmarks = [n for n in self._path if n < BELOW]
        self._set(max([*above, *bookmarks, BELOW - 1]) + 1, text, rank)

    def _groups(self, page: Page, lines: Sequence[Line]) -> list[list[Line]]:
        """Lines that are headings, those of one heading together."""
        body = self._sizes.most_common(1)[0][0] if self._sizes else 0.0
        bolder = self._bold[False] > self._bold[True]
        out: list[list[Line]] = []
        run: list[Line] = []
        for line in [*lines, None]:
            goes_on = line is not None and run and _alike(run[-1], line)
            if run and not goes_on:
                if len(run) <= MOST_LINES and self._is_heading(page, run, body, bolder):
                    out.append(run)
                run = []
            if line is not None and not line.table:
                run.append(line)
        return out

    def _is_heading(self, page: Page, run: Sequence[Line], body: float, bolder: bool) -> bool:
        first = run[0]
        text = page.text[first.start : run[-1].end]
        letters = sum(map(str.isalpha, text))
        if not letters >= 3 or len(text) > LONGEST_LINE or letters * 2 < len(text):
            return False
        if (
            CAPTION.match(text)
            or NO_HEADING.match(text)
            or (text[-1] in ".,;:" and not NUMBERED.match(text))
        ):
            return False
        if first.size >= LARGER * body:
            return True
        if first.size < 0.9 * body:
            return False
        return (bolder and first.bold) or bool(NUMBERED.match(text) and len(run) == 1)


def _before_its_text(text: str) -> str:
    for mark in RUN_IN.finditer(text):
        if not sentences.ABBREVIATION.search(text, 0, mark.start() + 1):
            return text[: mark.start()]
    return text


def _alike(before: Line, line: Line) -> bool:
    same = abs(before.size - line.size) < 0.3 and before.bold == line.bold
    return same and not line.parted and line.table == before.table


def _begins(found: Sequence[tuple[int, str]]) -> bool:
    return bool(found) and found[0][0] == 0


def _taken(marks: list[Bookmark], text: str) -> Bookmark | None:
    """The bookmark that says the same, taken out of `marks` with those before it."""
    said = _plain(text)
    for number, mark in enumerate(marks):
        title = _plain(mark.title)
        if title and said and (said == title or said.endswith(title) or title.endswith(said)):
            del marks[number]
            return mark
    return None


def _plain(text: str) -> str:
    return EDGES.sub("", text).casefold()


def is_caption(text: str) -> bool:
    return CAPTION.match(text) is not None
