"""Questions and answers from a spreadsheet: every line is either understood or named."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from core import csv_files
from core.errors import Invalid, TooLarge

LARGEST = 5 * 1024 * 1024
MOST_ROWS = 5000
QUESTION, ANSWER, CATEGORY, TAG, MOST_TAGS, LANGUAGE = 1000, 20_000, 100, 50, 20, 10
# As a table may name its columns, in English and Indonesian.
COLUMNS = {
    "question": "question",
    "pertanyaan": "question",
    "answer": "answer",
    "jawaban": "answer",
    "category": "category",
    "kategori": "category",
    "tags": "tags",
    "tag": "tags",
    "language": "language",
    "bahasa": "language",
}


@dataclass(frozen=True)
class Row:
    """One good line; `line` counts as the file does, from 1."""

    line: int
    question: str
    answer: str
    category: str = ""
    tags: list[str] = field(default_factory=list)
    language: str = ""


@dataclass(frozen=True)
class BadRow:
    line: int
    message: str


def read(data: bytes) -> Iterator[Row | BadRow]:
    """The lines of a table with a header. Raises TooLarge, and Invalid for what is no table."""
    if len(data) > LARGEST:
        raise TooLarge(_("This table is larger than 5 MB. Split it into several files."))
    reader = csv_files.reader(data)
    try:
        names = [COLUMNS.get(name.strip().lower(), "") for name in next(reader, [])]
        if not {"question", "answer"} <= set(names):
            raise Invalid(
                _(
                    "The first line must name the columns: question and answer, and if you like "
                    "category, tags and language."
                ),
                code="no_columns",
            )
        met: set[str] = set()
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_ROWS:
                raise TooLarge(
                    _("This table has more than %(most)d lines. Split it into several files.")
                    % {"most": MOST_ROWS}
                )
            yield _row(reader.line_num, names, cells, met)
    except csv.Error as error:
        raise Invalid(
            _("Line %(line)d is no line of a CSV table. Save the file as CSV (UTF-8) again.")
            % {"line": reader.line_num},
            code="bad_csv",
        ) from error


def one_line(question: str) -> str:
    return " ".join(question.split())


def tags_of(text: str) -> list[str]:
    """Tags between commas or semicolons, each once, in order."""
    parts = text.replace(";", ",").split(",")
    return list(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))


def _row(line: int, names: list[str], cells: list[str], met: set[str]) -> Row | BadRow:
    given = {
        name: csv_files.plain_cell(cell) for name, cell in zip(names, cells, strict=False) if name
    }
    question, answer = one_line(given.get("question", "")), given.get("answer", "").strip()
    tags = tags_of(given.get("tags", ""))
    category, language = given.get("category", "").strip(), given.get("language", "").strip()
    if not question:
        return BadRow(line, _("There is no question in this line."))
    if not answer:
        return BadRow(line, _("There is no answer in this line."))
    if len(question) > QUESTION or len(answer) > ANSWER:
        return BadRow(line, _("The question or the answer in this line is too long."))
    if "\0" in question + answer + category + language + "".join(tags):
        return BadRow(line, _("There is a character in this line that is no text."))
    if len(category) > CATEGORY or len(tags) > MOST_TAGS or any(len(tag) > TAG for tag in tags):
        return BadRow(line, _("The category or a tag in this line is too long."))
    if len(language) > LANGUAGE:
        return BadRow(line, _("Give the language as a short code such as id or en."))
    if question.lower() in met:
        return BadRow(line, _("The same question stands in an earlier line."))
    met.add(question.lower())
    return Row(line, question, answer, category, tags, language)
