"""What a person sees on a page of a PDF, and what is made of it: made files, real rendering."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from documents import queries
from documents.ingest import chunking
from documents.ingest.chunking import Draft
from documents.ingest.cleaning import Hyphens
from documents.ingest.frames import READING_VERSION, Info, PageText
from documents.ingest.readers import pdf, pdf_about
from documents.queries import rectangles
from documents.tests.pdfs import HEIGHT, WIDTH, Placed, make_pdf, placed_pdf

Read = Callable[[bytes], list[PageText]]
PROSE = (
    "The palm leaf is cut while it is young and then dried in the shade of the house. "
    "Its writers draw the letters with an iron pen and rub them with soot and oil. "
    "Such a book lasts two hundred years before somebody has to copy it again by hand. "
    "Readers hold it by its edges because the ink of soot does not like wet fingers."
).split()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def go(data: bytes) -> list[PageText]:
        path = tmp_path / "file.pdf"
        path.write_bytes(data)
        return [frame for frame in pdf.read(str(path)) if isinstance(frame, PageText)]

    return go


def column(x: float, top: float, words: list[str], letters: int) -> list[Placed]:
    """Words in lines of about so many letters."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [(x, top + 12 * number, 10, line) for number, line in enumerate(lines)]


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("count", [2, 3])
def test_columns_are_read_one_after_the_other(read: Read, count: int, by_rows: bool) -> None:
    width = 480 / count
    share = len(PROSE) * 2 // count
    words = PROSE * 2
    columns = [
        column(60 + n * width, 200, words[n * share : (n + 1) * share], int(width / 6))
        for n in range(count)
    ]
    lines = [line for part in columns for line in part]
    if by_rows:
        lines.sort(key=lambda line: (line[1], line[0]))
    title = (100, 120, 20, "A title that runs across all of the columns")
    (page,) = read(placed_pdf([[title, *lines]]))
    expected = " ".join(line[3] for part in columns for line in part)
    assert plain(page.text) == f"{title[3]} {expected}"


def test_lines_written_from_the_bottom_are_read_from_the_top(read: Read) -> None:
    lines = column(60, 100, PROSE, 60)
    (page,) = read(placed_pdf([lines[::-1]]))
    assert plain(page.text) == " ".join(PROSE)


def book(pages: int) -> list[list[Placed]]:
    out: list[list[Placed]] = []
    for number in range(1, pages + 1):
        words = [f"{word}{number}" for word in PROSE[: 30 + number % 3]]
        head = "The Palm Leaf Book" if number % 2 else "Its Makers"
        out.append(
            [
                (60, 40, 9, head),
                *column(60, 100, words, 60),
                (290, 800, 9, f"Page {number} of {pages}"),
            ]
        )
    return out


def test_running_heads_and_page_numbers_are_text_but_no_passage(read: Read) -> None:
    pages = read(placed_pdf(book(9)))
    drafts = list(chunking.chunk(pages, "pdf"))
    assert {draft.page for draft in drafts} == set(range(1, 10))
    for page in pages:
        assert page.text.startswith(("The Palm Leaf Book", "Its Makers"))
        assert page.text.endswith(f"Page {page.number} of 9")
    said = " ".join(draft.text for draft in drafts)
    assert not any(words in said for words in ("Palm Leaf Book", "Its Makers", "Page "))


def test_a_first_line_that_differs_from_page_to_page_is_text(read: Read) -> None:
    pages = [[(60, 40, 10, f"{word} begins this page of the book")] for word in PROSE[:5]]
    for number, lines in enumerate(pages):
        lines.extend(column(60, 60, PROSE[number:], 60))
    for page in read(placed_pdf(pages)):
        assert page.body == (0, len(page.text))


@pytest.mark.parametrize(("step", "kept"), [(1, False), (7, True)])
def test_a_number_under_a_short_text_is_the_page_s_if_pages_count_on(
    read: Read, step: int, kept: bool
) -> None:
    pages = []
    for number in range(6):
        lines = column(60, 60, PROSE[number:] * (1 + number % 3), 60)
        pages.append([*lines, (290, lines[-1][1] + 40, 10, str(31 + step * number))])
    for number, page in enumerate(read(placed_pdf(pages))):
        said = str(31 + step * number)
        assert page.text.endswith(said)
        first, last = page.body or (0, 0)
        assert page.text[first:last].endswith(said) == kept


def test_the_stamp_of_arxiv_is_no_passage(read: Read) -> None:
    """Written upwards in the margin of the first page."""
    stamp = (130, HEIGHT - 742, 18, "arXiv:2401.18059v1 [cs.CL] 31 Jan 2024")
    data = placed_pdf([[*column(80, 100, PROSE * 3, 60), stamp], column(80, 100, PROSE * 2, 60)])
    upright, turned = b"1 0 0 1 130 742 Tm", b"0 1 -1 0 30 300 Tm"
    assert upright in data
    first, *others = read(data.replace(upright, turned))
    assert "arXiv:2401.18059v1" in first.text
    assert not any("arXiv" in draft.text for draft in chunking.chunk([first, *others], "pdf"))


ROWS = [
    ("Net sales", "32,765", "31,657", "30,109"),
    ("Cost of sales", "16,682", "16,055", "15,118"),
    ("Gross profit", "16,083", "15,602", "14,991"),
    ("Research and development", "1,821", "1,870", "1,764"),
]


def table(rows: list[tuple[str, ...]], top: float = 200) -> list[Placed]:
    """A label at the left, the rest right-aligned, with a sign before the first amount."""
    out: list[Placed] = []
    for number, row in enumerate(rows):
        y = top + 14 * number
        out.append((60, y, 10, row[0]))
        for at, cell in enumerate(row[1:]):
            out.append((380 + 70 * at - 5.2 * len(cell), y, 10, cell))
            if number == 1:
                out.append((325 + 70 * at, y, 10, "$"))
    return out


def test_a_table_keeps_its_rows_and_columns(read: Read) -> None:
    head = ("(Millions)", "2018", "2017", "2016")
    text = [
        *column(60, 100, PROSE, 70),
        (60, 186, 10, "Table 3: Results by year"),
        *table([head, *ROWS]),
        *column(60, 300, PROSE, 70),
    ]
    (page,) = read(placed_pdf([text]))
    lines = page.text.split("\n")
    assert "(Millions) | 2018 | 2017 | 2016" in lines
    assert "Net sales | $ 32,765 | $ 31,657 | $ 30,109" in lines
    assert "Cost of sales | 16,682 | 16,055 | 15,118" in lines
    ((start, end, header),) = page.blocks
    assert page.text[start:end].startswith("Table 3: Results by year")
    assert page.text[start:end].endswith("1,764")
    assert header == "Table 3: Results by year | (Millions) | 2018 | 2017 | 2016"
    drafts = [draft for draft in chunking.chunk([page], "pdf") if "Net sales" in draft.text]
    assert ["Research and development" in draft.text for draft in drafts] == [True]


def test_parts_of_a_long_table_say_the_columns_also_on_the_next_page(read: Read) -> None:
    head = ("(Millions)", "2018", "2017", "2016")
    rows = [
        (f"Item number {n} of a long list", f"{n},001", f"{n},002", f"{n},003") for n in range(60)
    ]
    first = table([head, *rows[:40]], top=100)
    second = table(rows[40:], top=100)
    drafts = list(chunking.chunk(read(placed_pdf([first, second])), "pdf"))
    assert {draft.page for draft in drafts} == {1, 2} and len(drafts) > 4
    for draft in drafts:
        assert "2018 | 2017 | 2016" in draft.text + draft.heading


def test_an_empty_cell_keeps_its_place(read: Read) -> None:
    rows = [*ROWS, ("Other", "", "7", ""), ("Total", "1", "2", "3")]
    (page,) = read(placed_pdf([table(rows)]))
    assert "Other |  | 7" in page.text.split("\n")


def test_headings_make_a_path(read: Read) -> None:
    bold = {"2.1 Drying the leaf", "2.2 Writing on it"}
    first = [
        (60, 100, 18, "Chapter 2 Making a book"),
        *column(60, 130, PROSE, 70),
        (60, 220, 10, "2.1 Drying the leaf"),
        *column(60, 240, PROSE, 70),
    ]
    second = [
        *column(60, 100, PROSE, 70),
        (60, 200, 10, "2.2 Writing on it"),
        *column(60, 220, PROSE, 70),
    ]
    pages = read(placed_pdf([first, second], bold=bold))
    drafts = list(chunking.chunk(pages, "pdf"))
    paths = list(dict.fromkeys(draft.heading for draft in drafts))
    chapter = "Chapter 2 Making a book"
    assert paths == [
        chapter,
        f"{chapter} > 2.1 Drying the leaf",
        f"{chapter} > 2.2 Writing on it",
    ]
    assert next(d.heading for d in drafts if d.page == 2) == f"{chapter} > 2.1 Drying the leaf"


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("Drying the leaf", "Drying the leaf"),
        ("Drying. A leaf is dried in the shade until", "Drying"),
        ("St. Mark and Prof. Sastra", "St. Mark and Prof. Sastra"),
        ("1. Drying", "1. Drying"),
        ("(in thousands)", "Chapter"),
        ("(a) Of leaves (b) of ink", "(a) Of leaves (b) of ink"),
        ("\xb7 Leaves: those of the", "Chapter"),
        ("o Leaves of the palm", "Chapter"),
    ],
)
def test_an_item_or_a_unit_is_no_heading(read: Read, line: str, heading: str) -> None:
    lines = [(60, 60, 18, "Chapter"), (60, 100, 10, line), *column(60, 120, PROSE, 70)]
    (page,) = read(placed_pdf([lines], bold={line}))
    assert page.headings[-1][1].rpartition(" > ")[2] == heading


def test_bookmarks_say_what_is_under_what(read: Read) -> None:
    pages = [
        [(60, 100, 12, "Leaves"), *column(60, 130, PROSE, 70)],
        [(60, 100, 16, "Soot"), *column(60, 130, PROSE, 70)],
        [(60, 100, 16, "Oil"), *column(60, 130, PROSE, 70)],
    ]
    marks = [
        "<< /Type /Outlines /First 13 0 R /Last 13 0 R /Count 3 >>",
        "<< /Title (Leaves) /Parent 12 0 R /Dest [6 0 R /Fit] /First 14 0 R /Last 15 0 R >>",
        "<< /Title (Soot) /Parent 13 0 R /Dest [8 0 R /Fit] /Next 15 0 R >>",
        "<< /Title (Oil) /Parent 13 0 R /Dest [10 0 R /Fit] /Prev 14 0 R >>",
    ]
    found = read(placed_pdf(pages, catalog="/Outlines 12 0 R", more=marks))
    assert [page.headings[-1][1] for page in found] == ["Leaves", "Leaves > Soot", "Leaves > Oil"]


@pytest.mark.parametrize(
    ("head", "tail", "seen", "joined"),
    [
        ("infor", "mation", "", True),
        ("camera", "ready", "", False),
        ("anak", "anak", "", False),
        ("kupu", "kupunya", "", False),
        ("berlari", "lari", "", False),
        ("pembel", "ajaran", "", True),
        ("state-of", "the-art", "of the", False),
        ("well", "known", "", False),
        ("with", "out", "with out", False),
        ("with", "out", "with out without", True),
        ("in", "formation", "formation", True),
    ],
)
def test_hyphens_at_line_ends(head: str, tail: str, seen: str, joined: bool) -> None:
    hyphens = Hyphens()
    hyphens.learn(seen.split())
    assert hyphens.joins(head, tail) is joined


def test_a_word_cut_by_a_line_is_no_known_word(read: Read) -> None:
    lines = ["so much infor-", "mation and more infor-", "mation in anak-", "anak of a book"]
    (page,) = read(placed_pdf([[(60, 100 + 12 * n, 10, text) for n, text in enumerate(lines)]]))
    assert plain(page.text) == "so much information and more information in anak-anak of a book"


def test_labels_of_pages_are_kept_beside_their_numbers(read: Read) -> None:
    labels = "/PageLabels << /Nums [0 << /S /r >> 2 << /S /D >>] >>"
    pages = [[(60, 100, 10, f"page {n}")] for n in range(4)]
    found = read(placed_pdf(pages, catalog=labels))
    assert [(page.number, page.label) for page in found] == [
        (1, "i"),
        (2, "ii"),
        (3, "1"),
        (4, "2"),
    ]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("On Palm Leaves", "On Palm Leaves"),
        ("Microsoft Word - lontar.docx", "The Making of Leaves"),
        ("untitled", "The Making of Leaves"),
        ("chapter_final.indd", "The Making of Leaves"),
        ("", "The Making of Leaves"),
    ],
)
def test_a_title_of_programs_gives_way_to_the_page(said: str, title: str, tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    text = [(60, 80, 20, "The Making of Leaves"), *column(60, 130, PROSE, 70)]
    data = placed_pdf([text])
    made = f"<< /Title ({said}) /CreationDate (D:20240229120000Z) >>".encode()
    path.write_bytes(data.replace(b"<< /Producer (test) >>", made))
    info = next(pdf.read(str(path)))
    assert isinstance(info, Info)
    assert (info.title, info.created) == (title, "2024-02-29")


def test_a_day_is_read_from_what_writers_make_of_it() -> None:
    assert pdf_about.day("D:20231") == "2023-01-01"
    assert pdf_about.day("2023-05-06T01:02") == "2023-05-06"
    assert pdf_about.day("yesterday") == pdf_about.day("D:0000") == ""


def picture(data: bytes, index: int = 0) -> Any:
    """The page as PDFium draws it: 0 is ink, 255 paper."""
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        return document[index].render(scale=2, grayscale=True).to_numpy().copy()


def ink(shown: Any, rects: list[list[float]]) -> tuple[int, int]:
    """(dark pixels inside the rectangles, outside)."""
    height, width = shown.shape
    inside = numpy.zeros(shown.shape, bool)
    for x0, y0, x1, y1 in rects:
        inside[int(y0 * height) : int(y1 * height) + 1, int(x0 * width) : int(x1 * width) + 1] = (
            True
        )
    dark = shown < 128
    return int((dark & inside).sum()), int((dark & ~inside).sum())


VIEWS = {
    "as it is": {},
    "turned": {"extra": "/Rotate 90"},
    "upside down": {"extra": "/Rotate 180"},
    "turned back": {"extra": "/Rotate 270"},
    "cropped": {"extra": "/CropBox [40 200 500 800]"},
    "cropped and turned": {"extra": "/CropBox [40 200 500 800] /Rotate 90"},
    "in larger units": {"extra": "/UserUnit 2.0"},
}


@pytest.mark.parametrize("view", VIEWS)
def test_the_pixels_in_a_passage_s_rectangles_are_its_words(read: Read, view: str) -> None:
    above, below = column(60, 100, PROSE[:30], 40), column(60, 400, PROSE[30:], 50)
    lines = [*above, *below]
    whole = placed_pdf([lines], **VIEWS[view])  # type: ignore[arg-type]
    (page,) = read(whole)
    cut = page.text.index(below[0][3])
    # The same page with the second half left out: its pixels are the first half's.
    half = placed_pdf([above], **VIEWS[view])  # type: ignore[arg-type]
    first = rectangles(page.boxes, 0, cut - 1)
    inside, outside = ink(picture(half), first)
    assert inside > 500 and outside * 500 < inside
    rest = rectangles(page.boxes, cut, len(page.text))
    assert len(first) >= 4 and ink(picture(half), rest)[0] < 5
    inside, outside = ink(picture(whole), first + rest)
    assert inside > 1000 and outside * 500 < inside


def test_every_word_has_a_box_after_reordering(read: Read) -> None:
    lines = [*column(310, 100, PROSE, 40), *column(60, 100, PROSE[::-1], 40)]
    (page,) = read(placed_pdf([lines]))
    import struct

    rows = list(struct.iter_unpack("<6H", page.boxes))
    assert [page.text[start:end] for start, end, *_ in rows] == page.text.split()
    for start, _end, x0, *_ in rows:
        assert (x0 < 5_000) == (start < page.text.index(PROSE[0] + " "))


def chunks(pages: list[PageText]) -> list[Draft]:
    return list(chunking.chunk(pages, "pdf"))


def test_a_page_of_a_plain_pdf_is_one_passage(read: Read) -> None:
    (draft,) = chunks(read(make_pdf(["Hello palm leaves."])))
    assert (draft.text, draft.page) == ("Hello palm leaves.", 1)
    assert WIDTH < HEIGHT


def test_label_day_and_version_are_kept_with_the_document(alice: Any, ingest: Any) -> None:
    labels = "/PageLabels << /Nums [0 << /S /r >>] >>"
    data = placed_pdf([[(60, 100, 10, "One page of a book")]], catalog=labels)
    made = b"<< /CreationDate (D:20240229120000Z) >>"
    document = ingest(alice, data.replace(b"<< /Producer (test) >>", made))
    assert (str(document.created_on), document.reading_version) == ("2024-02-29", READING_VERSION)
    assert queries.page(alice, document.id, 1).label == "i"
