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


def test_a_number_is_no_label() -> None:
    assert places.label("page", 4, "4") == "" and places.label("page", 4, "iv") == "iv"
    assert places.label("slide", 4, "Akhir") == ""
