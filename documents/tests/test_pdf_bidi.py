"""Lines from right to left: made pages whose glyphs stand where a printer puts them."""

import unicodedata
from pathlib import Path

import numpy
import pytest

from documents.ingest.frames import PageText
from documents.ingest.readers import pdf
from documents.ingest.readers.pdf_bidi import reading_order
from documents.tests.pdfs import assemble

WIDE, SPACE = 8.0, 4.0
# Final and medial forms, as a font that shapes Arabic has them.
SHAPED = {"علم": "\ufecb\ufee0\ufee2", "من": "\ufee3\ufee6", "طاقة": "\ufec3\ufe8e\ufed7\ufe94"}


def glyphs_pdf(rows: list[list[tuple[float, float, str]]]) -> bytes:
    """A page: each row a run of (x, y from below, character), every glyph the same square.

    A font of Type 3, which brings its glyphs along and says by /ToUnicode what they mean.
    """
    letters = sorted({letter for row in rows for _x, _y, letter in row})
    codes = {letter: f"{number:02x}" for number, letter in enumerate(letters, 33)}
    content = "BT /F1 10 Tf\n" + "\n".join(
        f"1 0 0 1 {x} {y} Tm <{codes[letter]}> Tj" for row in rows for x, y, letter in row
    )
    content += "\nET"
    known = "\n".join(f"<{code}> <{ord(letter):04x}>" for letter, code in codes.items())
    unicode = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapType 2 def\n"
        "1 begincodespacerange\n<00> <ff>\nendcodespacerange\n"
        f"{len(codes)} beginbfchar\n{known}\nendbfchar\nendcmap\nend\nend"
    )
    square = "800 0 0 0 700 700 d1 0 0 700 700 re f"
    names = [f"/g{code}" for code in codes.values()]
    drawn = " ".join(f"{name} 5 0 R" for name in names)
    widths = "800 " * len(names)
    last = 32 + len(names)
    return assemble(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [7 0 R] /Count 1 >>",
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 800 800] "
            f"/FontMatrix [.001 0 0 .001 0 0] /CharProcs << {drawn} >> "
            f"/FirstChar 33 /LastChar {last} /Widths [{widths}] /ToUnicode 6 0 R /Resources << >> "
            f"/Encoding << /Type /Encoding /Differences [33 {' '.join(names)}] >> >>",
            "<< /Title () >>",
            f"<< /Length {len(square)} >>\nstream\n{square}\nendstream",
            f"<< /Length {len(unicode)} >>\nstream\n{unicode}\nendstream",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 8 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    )


def standing(text: str, y: float, x: float = 60) -> list[tuple[float, float, str]]:
    """Glyphs from left to right as they stand on paper."""
    out = []
    for letter in text:
        if letter != " ":
            out.append((x, y, letter))
        x += SPACE if letter == " " else WIDE
    return out


def read(data: bytes, folder: Path) -> str:
    path = folder / "file.pdf"
    path.write_bytes(data)
    return "\n".join(p.text for p in pdf.read(str(path)) if isinstance(p, PageText))


@pytest.mark.parametrize("word", SHAPED)
def test_a_word_whose_last_letter_has_a_final_form_is_read_from_the_right(
    word: str, tmp_path: Path
) -> None:
    assert read(glyphs_pdf([standing(SHAPED[word][::-1], 700)]), tmp_path).strip() == word


def test_numbers_and_foreign_words_keep_their_direction(tmp_path: Path) -> None:
    # "1779 م. النص مع English words و 25%." from right to left.
    shown = ".%25 و English words عم صنلا .م 1779"
    found = read(glyphs_pdf([standing(shown, 700)]), tmp_path)
    assert found.strip() == "1779 م. النص مع English words و 25%."


def test_arabic_in_a_line_of_indonesian(tmp_path: Path) -> None:
    shown = "Kata " + (SHAPED["علم"][::-1]) + " berarti (ilmu) 12"
    found = read(glyphs_pdf([standing(shown, 700)]), tmp_path)
    assert found.strip() == "Kata علم berarti (ilmu) 12"


def test_the_right_column_comes_first(tmp_path: Path) -> None:
    words = "كتاب قلم مدرسة بيت شمس نهر جبل وردة سماء بحر طريق حجر".split()
    lines = [" ".join(words[(n + k) % 12] for k in range(4)) for n in range(12)]
    rows = []
    for number, line in enumerate(lines):
        column, row = divmod(number, 6)
        x = 330 if column == 0 else 60
        room = 200 - standing(line, 0, 0)[-1][0]
        rows.append(standing(line[::-1], 700 - 14 * row, x + room))
    found = read(glyphs_pdf(rows), tmp_path)
    assert " ".join(found.split()) == " ".join(lines)


def test_marks_stay_with_their_letter_and_ligatures_in_their_order() -> None:
    # ق with fatha, then ل and ا of one ligature, as PDFium hands them over: marks before letters.
    text = "لاَق"
    boxes = numpy.array([[0, 9, 8, 0], [0, 9, 8, 0], [10, 12, 14, 10], [9, 9, 15, 0]], float)
    assert reading_order(text, boxes)[0] == "قَلا"


def test_what_runs_from_left_to_right_is_left_alone() -> None:
    text = "Satu (dua) 3\r\nempat"
    boxes = numpy.zeros((len(text), 4))
    assert reading_order(text, boxes) == (text, list(range(len(text))))


def test_brackets_open_before_they_close(tmp_path: Path) -> None:
    found = read(glyphs_pdf([standing(")باب( ملع", 700)]), tmp_path)
    assert found.strip() == "علم (باب)"


def test_a_letter_and_its_mark_that_are_one_glyph_off_the_baseline() -> None:
    """Skia: both meanings hang on the mark, which PDFium takes for a line or a word of its own."""
    # As PDFium gives it: (character, left, right, origin above the baseline).
    glyphs = [
        *[("ه", 37.9, 39.7, (34.9, -0.9)), ("\u0650", 36.2, 37.9, (34.9, -0.9)), "\n"],
        *[("\u064e", 42.8, 44.0, (40.4, 2.6)), ("\u0651", 44.0, 45.3, (40.4, 2.6))],
        *[("ل", 41.6, 42.8, (40.4, 2.6)), "\n"],
        *[(" ", 52.4, 56.2, (52.4, 0)), ("ل", 45.3, 47.9, (45.4, 0)), ("ا", 49.1, 52.4, (49.1, 0))],
        *["\n", ("ب", 76.7, 78.4, (73.7, -2.1)), ("\u0650", 74.9, 76.7, (73.7, -2.1))],
        *[("س", 69.6, 75.0, (64.2, 0)), ("\u0652", 64.1, 69.6, (64.2, 0))],
        *[(" ", 54.6, 54.6, (54.6, -3.5)), ("م", 60.6, 62.3, (54.6, -3.5))],
        *[("\u0650", 58.9, 60.6, (54.6, -3.5)), "\n", ("ث", 70.0, 78.0, (70.0, -26.0))],
    ]
    rows = [g if isinstance(g, tuple) else (g, 0.0, 0.0, (0.0, 0.0)) for g in glyphs]
    text = "".join(character for character, *_rest in rows)
    origins = numpy.array([origin for *_rest, origin in rows])
    boxes = numpy.array([(x0, y + 11, x1, y - 2.9) for _c, x0, x1, (_x, y) in rows])
    read, places = reading_order(text, boxes, origins)
    said = unicodedata.normalize("NFC", "بِسْمِ اللَّهِ\nث")
    assert unicodedata.normalize("NFC", read) == said
    assert sorted(p for p in places if p >= 0 and not text[p].isspace()) == [
        place for place, character in enumerate(text) if not character.isspace()
    ]
