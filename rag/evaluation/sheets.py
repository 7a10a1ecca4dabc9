"""Questions as people upload them: CSV or JSON lines, each bad line named with what is wrong.

CSV has a heading row: `question`, `document`, `page`; more pages as `3; 5` or in rows of the same
question. JSON lines: {"question": …, "expected": [["notes.pdf", 3], …]}.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

MOST_BYTES = 5_000_000
MOST_QUESTIONS = 5_000
MOST_ERRORS = 100
LONGEST = 2_000
COLUMNS = {"question": {"question", "pertanyaan"}, "document": {"document", "file", "dokumen"},
           "page": {"page", "pages", "halaman"}}  # fmt: skip


@dataclass
class Sheet:
    """`questions`: text → [[document, page]] in order; `errors`: (line, sentence)."""

    questions: dict[str, list[list[Any]]] = field(default_factory=dict)
    errors: list[tuple[int, str]] = field(default_factory=list)

    def wrong(self, line: int, sentence: str) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append((line, sentence))


class Wrong(Exception):
    """A line that cannot be used; its text is a sentence."""


def read(data: bytes, pages: Mapping[str, int]) -> Sheet:
    """`pages`: {document by name or id, as `key` gives it: how many pages it has}."""
    sheet = Sheet()
    if len(data) > MOST_BYTES:
        sheet.wrong(0, _("The file is larger than 5 MB. Split it into several sets."))
        return sheet
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    rows = _json_lines(text) if text.lstrip().startswith("{") else _csv_lines(text)
    try:
        for line, row in rows:
            _take(sheet, line, row, pages)
    except csv.Error:
        sheet.wrong(0, _("This is not a CSV file. Save the table as CSV (UTF-8) and try again."))
    except Wrong as error:
        sheet.wrong(1, str(error))
    if not sheet.questions and not sheet.errors:
        sheet.wrong(0, _("There are no questions in this file."))
    return sheet


def key(document: str) -> str:
    """Names of one file are the same whatever their case and with or without .pdf."""
    return document.strip().lower().removesuffix(".pdf")


def _take(sheet: Sheet, line: int, row: Any, pages: Mapping[str, int]) -> None:
    try:
        question, expected = _row(row)
        for document, page in expected:
            _check(document, page, pages)
    except Wrong as error:
        sheet.wrong(line, str(error))
        return
    if question not in sheet.questions and len(sheet.questions) == MOST_QUESTIONS:
        sheet.wrong(line, _("A set holds at most 5,000 questions. Split it into several."))
        return
    known = sheet.questions.setdefault(question, [])
    known += [pair for pair in expected if pair not in known]


def _row(row: Any) -> tuple[str, list[list[Any]]]:
    if isinstance(row, Wrong):
        raise row
    if not isinstance(row, dict):
        raise Wrong(_("This line is not an object with a question."))
    question = " ".join(str(row.get("question") or "").split())
    if not question:
        raise Wrong(_("The question is missing."))
    if len(question) > LONGEST:
        raise Wrong(_("The question is longer than 2,000 characters."))
    given = row.get("expected")
    if given is None:
        given = [[row.get("document"), page] for page in _pages(row.get("page"))]
    if not isinstance(given, list) or not given:
        raise Wrong(_("The page where the answer stands is missing."))
    return question, [_pair(pair) for pair in given]


def _pages(given: Any) -> list[Any]:
    if isinstance(given, str):
        return [part.strip() for part in given.replace(",", ";").split(";") if part.strip()]
    return [given] if given is not None else []


def _pair(pair: Any) -> list[Any]:
    if not isinstance(pair, list) or len(pair) != 2 or not str(pair[0] or "").strip():
        raise Wrong(_("The document is missing. Give the name of its file."))
    try:
        page = int(str(pair[1]))
    except ValueError as error:
        raise Wrong(_("“%s” is not the number of a page.") % str(pair[1])[:40]) from error
    return [str(pair[0]).strip()[:255], page]


def _check(document: str, page: int, pages: Mapping[str, int]) -> None:
    count = pages.get(key(document))
    if count is None:
        raise Wrong(_("There is no document “%s” in this collection.") % document[:80])
    if not 1 <= page <= count:
        raise Wrong(
            _("“%(document)s” has %(count)s pages: there is no page %(page)s.")
            % {"document": document[:80], "count": count, "page": page}
        )


def _json_lines(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (json.JSONDecodeError, RecursionError):
                yield number, Wrong(_("This line is not JSON."))


def _csv_lines(text: str) -> Iterator[tuple[int, Any]]:
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    heading = [cell.strip().lower() for cell in next(reader, [])]
    places = {
        name: next((i for i, cell in enumerate(heading) if cell in names), None)
        for name, names in COLUMNS.items()
    }
    if None in places.values():
        raise Wrong(_("The first row must name the columns question, document and page."))
    for cells in reader:
        if any(cell.strip() for cell in cells):
            row = [*cells, *[""] * len(heading)]
            yield reader.line_num, {name: row[i] for name, i in places.items() if i is not None}
