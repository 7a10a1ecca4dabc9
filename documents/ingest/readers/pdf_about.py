"""What a PDF says of itself: title, author, day of making, language, bookmarks."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from documents.ingest.cleaning import plain
from documents.ingest.readers.pdf_headings import Bookmark
from documents.ingest.readers.pdf_lines import Line, Page

if TYPE_CHECKING:
    import pypdfium2

LONGEST_NAME = 300
MOST_BOOKMARKS = 5000
FEWEST_BOOKMARKS = 3
# What programs write for want of a title: their own name, the file's name, a template's.
JUNK = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel|office)\b.*"
    r"|(?:untitled|title|no title|document|dokumen|presentation|presentasi|slide|book|layout|print"
    r"|scan|scanned|image|doc|powerpoint presentation|tanpa judul)[\s\d._-]*"
    r"|.*\.(?:docx?|pptx?|xlsx?|pdf|indd|dvi|tex|ps|rtf|qxd|odt|odp|html?|txt|ai|pages)"
    r"|https?:\S*|[\W\d_]*|[\da-f]{16,}|\(?\w{0,3}\)?)$",
    re.IGNORECASE,
)
DAY = re.compile(r"^(?:D:)?(\d{4})-?(0[1-9]|1[0-2])?-?(0[1-9]|[12]\d|3[01])?")
LARGER = 1.2
LONGEST_TITLE = 200


def metadata(document: "pypdfium2.PdfDocument", key: str) -> str:
    return name(document.get_metadata_value(key))


def name(said: object) -> str:
    return " ".join(plain(str(said or "")).split())[:LONGEST_NAME]


def title(said: str, first: Page | None) -> str:
    """The title by the metadata, else the largest text of the first page, else nothing."""
    if said and not JUNK.match(said):
        return said
    return _largest(first) if first is not None else ""


def day(said: str) -> str:
    """A PDF's date (ISO 32000-1, 7.9.4) as a day in ISO 8601; empty for what is none."""
    match = DAY.match(said.strip())
    if match is None or not "1900" <= match[1] <= "2100":
        return ""
    return f"{match[1]}-{match[2] or '01'}-{match[3] or '01'}"


def bookmarks(document: "pypdfium2.PdfDocument") -> list[Bookmark]:
    """The outline; one that is too short says nothing about the pages between."""
    import pypdfium2  # noqa: PLC0415

    found = []
    try:
        for entry in islice(document.get_toc(max_depth=6), MOST_BOOKMARKS):
            target = entry.get_dest()
            index = target.get_index() if target is not None else None
            said = name(entry.get_title())
            if index is not None and said:
                found.append(Bookmark(entry.level, said, index + 1))
    except pypdfium2.PdfiumError:
        return []
    return found if len(found) >= FEWEST_BOOKMARKS else []


def _largest(page: Page) -> str:
    """The lines in the largest size, where that is larger than the rest and reads as words."""
    runs = list(_runs([line for line in page.lines if not line.table]))
    letters: dict[float, int] = {}
    for line in page.lines:
        letters[line.size] = letters.get(line.size, 0) + sum(p.letters for p in line.pieces)
    if not letters:
        return ""
    usual = max(letters, key=letters.__getitem__)
    for run in sorted(runs, key=lambda run: -run[0].size):
        text = name(" ".join(page.said(line) for line in run))
        alone = len(letters) == 1 and len(page.lines) <= 6
        if run[0].size < LARGER * usual and not alone:
            break
        if sum(map(str.isalpha, text)) >= 4 and len(text) <= LONGEST_TITLE:
            return text
    return ""


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines in one size that follow each other."""
    run: list[Line] = []
    for line in lines:
        if run and abs(run[-1].size - line.size) > 0.3:
            yield run
            run = []
        run.append(line)
    if run:
        yield run
