"""What a place in a document is called: "page iv", "slide 4", "rows 101–150", "part 2".

A *place* is a page's number with the unit it counts and, where people call it otherwise than by
that number, a label.
"""

import re

from django.utils.translation import gettext

from documents.models import Document

UNIT = Document.PageUnit
# As documents.ingest.readers.delimited writes them.
ROW = re.compile(r"^Row (\d+)$", re.MULTILINE)
ROWS_ON_A_PAGE = 50


def unit(document: Document) -> str:
    """One of PageUnit, or "" for a text in one part, of which there is nothing to say."""
    in_parts = (document.page_count or 0) > 1 or document.page_unit != UNIT.PART
    return document.page_unit if in_parts else ""


def label(unit: str, page: int, given: str = "", text: str = "") -> str:
    """What a page is called if not by its number; `given` is the file's own word for it.

    Of rows it is those that begin in `text`, as "120" or "118–120"; the page's when none does.
    """
    if unit != UNIT.ROWS:
        return given if unit == UNIT.PAGE and given != str(page) else ""
    first, last = (page - 1) * ROWS_ON_A_PAGE + 1, page * ROWS_ON_A_PAGE
    # A cell may hold the word too: a row stands on the page it is counted to.
    rows = [row for row in map(int, ROW.findall(text)) if first <= row <= last]
    return span(min(rows), max(rows)) if rows else span(first, last)


def rows_at(text: str, start: int, end: int) -> str:
    """The part of `text` from the head of the row that holds `start`."""
    heads = [match.start() for match in ROW.finditer(text) if match.start() <= start]
    return text[heads[-1] if heads else start : end]


def span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def words(unit: str, page: int, label: str = "") -> str:
    """The place in the reader's language, "" for a text in one part."""
    said = {"page": label or page}
    if unit == UNIT.SLIDE:
        return gettext("slide %(page)s") % said
    if unit == UNIT.ROWS:
        return (gettext("rows %(page)s") if "–" in label else gettext("row %(page)s")) % said
    if unit == UNIT.PART:
        return gettext("part %(page)s") % said
    return gettext("page %(page)s") % said if unit else ""
