"""What places are called, in both languages."""

import pytest
from django.utils import translation

from documents import places
from documents.ingest.readers import delimited
from documents.models import Document

TEXT = "Row 101\nnama: Sari\n\nRow 102\nnama: Budi\n\nRow 103\nnama: Wayan"


@pytest.mark.parametrize(
    ("unit", "count", "told"),
    [("page", 1, "page"), ("slide", 1, "slide"), ("rows", 1, "rows"), ("part", 2, "part"),
     ("part", 1, ""), ("part", None, "")],
)  # fmt: skip
def test_a_text_in_one_part_counts_nothing(unit: str, count: int | None, told: str) -> None:
    assert places.unit(Document(page_unit=unit, page_count=count)) == told


def test_a_table_is_cited_by_its_rows() -> None:
    assert places.label("rows", 3, text=TEXT) == "101–103"
    at = TEXT.index("nama: Budi")
    assert places.label("rows", 3, text=places.rows_at(TEXT, at, at + 10)) == "102"
    at = TEXT.index("Row 103")
    assert places.label("rows", 3, text=places.rows_at(TEXT, at, at + 7)) == "103"
    assert places.label("rows", 3, text="the middle of a long cell") == "101–150"
    assert places.label("rows", 3, text=f"Row 7\n{TEXT}") == "101–103"
    assert places.ROWS_ON_A_PAGE == delimited.ROWS


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("page", 4, ""), "page 4"),
        (("page", 4, "iv"), "page iv"),
        (("slide", 4, ""), "slide 4"),
        (("rows", 3, "120"), "row 120"),
        (("rows", 3, "118–120"), "rows 118–120"),
        (("part", 2, ""), "part 2"),
        (("", 1, ""), ""),
    ],
)
def test_places_are_said(place: tuple[str, int, str], words: str) -> None:
    with translation.override("en"):
        assert places.words(*place) == words


def test_what_a_reader_has_to_know_is_said() -> None:
    with translation.override("en"):
        half = Document(kind="csv", page_count=3, read_share=0.02, rows_cut=1)
        assert "first 2% can be found" in half.remark
        assert "1 row is too long and was read in part" in half.remark
        scan = Document(kind="pdf", page_count=3, recognised_pages=3)
        assert scan.remark.startswith("Scanned: read by text recognition")
        scan.recognised_pages = 1
        assert scan.remark.startswith("1 scanned page was read")
        assert Document(kind="pdf", page_count=3).remark == ""


def test_a_number_is_no_label() -> None:
    assert places.label("page", 4, "4") == "" and places.label("page", 4, "iv") == "iv"
    assert places.label("slide", 4, "Akhir") == ""
