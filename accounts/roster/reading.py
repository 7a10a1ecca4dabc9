"""A class list from a spreadsheet: every line is either understood or named."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from accounts.models import no_control_characters, normalise_email
from core import csv_files
from core.errors import Invalid, TooLarge

LARGEST = 1024 * 1024
MOST_ROWS = 2000
LONGEST_EMAIL, LONGEST_NAME = 254, 150
# As a table may name its columns, in English and Indonesian.
COLUMNS = {
    **dict.fromkeys(("email", "e-mail", "email address", "mail"), "email"),
    **dict.fromkeys(("surel", "alamat email", "alamat surel"), "email"),
    **dict.fromkeys(("full_name", "full name", "name", "student name"), "full_name"),
    **dict.fromkeys(("nama", "nama lengkap", "nama mahasiswa", "nama siswa"), "full_name"),
}


@dataclass(frozen=True)
class Row:
    """One good line; `line` counts as the file does, from 1."""

    line: int
    email: str
    full_name: str = ""


@dataclass(frozen=True)
class Remark:
    """What is wrong with a line, or (of line 1) what of the file is not read."""

    line: int
    message: str


@dataclass(frozen=True)
class Table:
    rows: list[Row]
    bad: list[Remark]
    unread: list[str]


def read(data: bytes) -> Table:
    """Raises TooLarge, and Invalid for what is no table of people."""
    if len(data) > LARGEST:
        raise TooLarge(_("This table is larger than 1 MB. Split it into several files."))
    reader = csv_files.reader(data)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        names = _names(header)
        unread = [cell for cell, name in zip(header, names, strict=True) if cell and not name]
        lines = list(_lines(reader, names))
    except csv.Error as error:
        raise Invalid(
            _("Line %(line)d is no line of a CSV table. Save the file as CSV (UTF-8) again.")
            % {"line": max(reader.line_num, 1)},
            code="bad_csv",
        ) from error
    rows = [line for line in lines if isinstance(line, Row)]
    return Table(rows, [line for line in lines if isinstance(line, Remark)], unread)


def _names(header: list[str]) -> list[str]:
    """What each column holds ("" for one that is not read)."""
    names = [COLUMNS.get(" ".join(cell.lower().split()), "") for cell in header]
    if "email" not in names:
        raise Invalid(
            _("The first line must name the columns: email, and if you like full_name."),
            code="no_columns",
        )
    for name in ("email", "full_name"):
        if names.count(name) > 1:
            text = _("Two columns are called %(name)s. Take one of them away.") % {"name": name}
            raise Invalid(text, code="no_columns")
    return names


def _lines(reader: Iterator[list[str]], names: list[str]) -> Iterator[Row | Remark]:
    met: dict[str, int] = {}
    count = 0
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            text = _("This table has more than %(most)d lines. Split it into several files.")
            raise TooLarge(text % {"most": MOST_ROWS})
        yield _line(reader.line_num, names, cells, met)  # type: ignore[attr-defined]


def _line(line: int, names: list[str], cells: list[str], met: dict[str, int]) -> Row | Remark:
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        return Remark(line, _("This line has more cells than the first line names columns."))
    given = {
        name: csv_files.plain_cell(cell).strip()
        for name, cell in zip(names, cells, strict=False)
        if name
    }
    email = normalise_email(given.get("email", ""))
    name = re.sub(r"[ \t\u00a0]+", " ", given.get("full_name", ""))
    if wrong := _wrong_with(email, name):
        return Remark(line, wrong)
    if email in met:
        text = _("%(email)s stands in line %(first)d already.")
        return Remark(line, text % {"email": email, "first": met[email]})
    met[email] = line
    return Row(line, email, name)


def _wrong_with(email: str, name: str) -> str:
    """A sentence, or nothing."""
    if not email:
        return _("There is no email address in this line.")
    try:
        if len(email) > LONGEST_EMAIL:
            raise ValidationError("")
        validate_email(email)
    except ValidationError:
        return _("%(text)s is no email address.") % {"text": short(email)}
    if len(name) > LONGEST_NAME:
        return _("The name in this line is longer than %(most)d characters.") % {
            "most": LONGEST_NAME
        }
    try:
        no_control_characters(name)
    except ValidationError:
        return _("The name in this line holds invisible characters.")
    return ""


def short(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
