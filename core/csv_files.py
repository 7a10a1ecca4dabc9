"""Tables as CSV files for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

# A cell that begins so is a formula to a spreadsheet, also behind a space or a line break:
# https://owasp.org/www-community/attacks/CSV_Injection
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str):
        start = value.lstrip(" \u00a0\ufeff\u200b")
        if start.startswith(DANGEROUS):
            return f"'{value}"
    return "" if value is None else value


def plain_cell(cell: str) -> str:
    """Without the apostrophe that `safe_cell` puts before what a spreadsheet would run."""
    start = cell[1:].lstrip(" \u00a0\ufeff\u200b")
    return cell[1:] if cell.startswith("'") and start.startswith(("'", *DANGEROUS)) else cell


def reader(data: bytes) -> Any:
    """A strict csv reader of a table as spreadsheets save them, whatever separates its cells."""
    text = decoded(data)

    class Table(csv.excel):
        strict = True
        # That of the header: a comma, or what it is where commas stand in numbers, as in Indonesia.
        delimiter = max(",;\t", key=text.split("\n", 1)[0].count)

    return csv.reader(io.StringIO(text, newline=""), dialect=Table)


def decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What a spreadsheet saves when it is not told otherwise.
        return data.decode("cp1252", errors="replace")


def csv_response(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """``<name>.csv`` as a download; ``name`` holds letters, digits and hyphens only."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    response.write("\ufeff")  # without it Excel reads UTF-8 as another encoding
    writer = csv.writer(response)
    writer.writerow([safe_cell(str(title)) for title in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return response
