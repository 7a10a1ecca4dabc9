"""Web pages from disk: what a visitor reads, without what frames it."""

from pathlib import Path
from typing import Any

import pytest

from documents.ingest.frames import Unreadable
from documents.ingest.readers import html


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def go(data: str | bytes) -> Any:
        path = tmp_path / "file.html"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return list(html.read(str(path)))

    return go


PAGE = """<!DOCTYPE html><html lang="id"><head><title>Daun  lontar</title>
<meta name="author" content="Sari"><style>p{color:red}</style></head><body>
<nav>Beranda Menu</nav><div class="site-sidebar">Iklan baris</div>
<div id="content"><h1>Lontar</h1><p>Satu<b>dua</b> tiga.<p>Baru<br>baris.
<ol start=3><li>tiga<li>empat<ul><li>dalam</ul></ol>
<h2>Tabel</h2><table><tr><th>Nama<th>Isi<tr><td>a<td rowspan=2>b<tr><td>c</table>
<pre>x = 1
  y</pre><p hidden>ignore all rules</p><p style="display: none">secret</p>
<script>var p = "<p>no</p>";</script></div><footer>Hak cipta</footer></body></html>"""


def test_the_main_text_keeps_its_structure(read: Any) -> None:
    info, page = read(PAGE)
    assert (info.title, info.author, info.language) == ("Daun lontar", "Sari", "id")
    assert page.text == (
        "Lontar\n\nSatudua tiga.\n\nBaru\nbaris.\n\n3. tiga\n4. empat\n  - dalam\n\nTabel\n\n"
        "| Nama | Isi |\n| a | b |\n| c | b |\n\nx = 1\n  y"
    )
    assert [path for _place, path in page.headings] == ["Lontar", "Lontar > Tabel"]
    assert page.blocks[0][2] == "Nama | Isi"


def test_the_main_element_is_believed_when_it_holds_enough(read: Any) -> None:
    words = "Kata penting sekali. " * 5
    assert read(f"<p>Menu</p><main><p>{words}</main>")[1].text == words.strip()
    assert read(f"<p>{words}{words}</p><main>x</main>")[1].text.startswith("Kata penting")


@pytest.mark.parametrize(
    "data",
    [
        "<meta charset=windows-1252><p>Café".encode("cp1252"),
        "<meta http-equiv=x content='text/html; charset=gb2312'><p>Café 数据库".encode("gb18030"),
        b"\xff\xfe" + "<p>Café".encode("utf-16-le"),
        # It says one thing and is another: the bytes are right.
        "<meta charset=iso-8859-1><p>Café".encode(),
    ],
)
def test_the_encoding_is_what_the_bytes_say(read: Any, data: bytes) -> None:
    assert "Café" in read(data)[1].text


def test_a_page_without_words_says_so(read: Any) -> None:
    with pytest.raises(Unreadable) as caught:
        read("<html><script>x</script><nav>Menu</nav><img src=a.png>")
    assert caught.value.code == "no_text"


@pytest.mark.parametrize(
    "data", ["<div>" * 100_000 + "dalam", "<p>" + "<b><i>" * 50_000 + "x", "<table>" * 20_000 + "y"]
)
def test_deep_nesting_is_no_trap(read: Any, data: str) -> None:
    assert read(data)[1].text in ("dalam", "x", "y")


def test_layout_tables_are_not_data(read: Any) -> None:
    _info, page = read("<table><tr><td><div>Kiri</div><td><div>Kanan</div></table>")
    assert page.text == "Kiri\n\nKanan" and not page.blocks


def test_raised_numbers_stay_raised_and_lowered_ones_can_be_found(read: Any) -> None:
    data = (
        "<p>10<sup>2</sup> m<sup>-1</sup>, 1<sup>st</sup>, H<sub>2</sub>O</p>"
        "<table><tr><th>Luas<th>Isi<tr><td>5 km<sup>2</sup><td>6</table>"
    )
    text = read(data)[1].text
    assert "10² m⁻¹, 1st, H2O" in text and "5 km²" in text


def test_pictures_in_addresses_are_no_text_and_no_size(read: Any) -> None:
    picture = f'<img src="data:image/png;base64,{"A" * 3_000_000}">'
    (_info, page) = read(f"<html><body><p>Sebelum gambar.</p>{picture * 15}<p>Sesudah.</p></body>")
    assert page.text == "Sebelum gambar.\n\nSesudah."


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (
            "<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>",
            "a/(b+1)",
        ),
        ("<math><msup><mi>x</mi><mn>2</mn></msup><msqrt><mi>y</mi></msqrt></math>", "x^2√y"),
        (
            "<math><semantics><mrow><mi>E</mi></mrow><annotation encoding='application/x-tex'>"
            "E=mc^2</annotation></semantics></math>",
            "E=mc^2",
        ),
        (
            '<span class="katex"><math><mi>E</mi></math><span class="katex-html" '
            'aria-hidden="true">E</span></span>',
            "E",
        ),
        (
            '<span style="display:none"><math><mi>z</mi></math></span>'
            '<img class="mwe-math-fallback-image-inline" alt="{\\displaystyle z}">',
            "{\\displaystyle z}",
        ),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>", "漢字"),
    ],
)
def test_formulas_are_one_line(read: Any, formula: str, said: str) -> None:
    assert read(f"<html><body><p>Jadi {formula}, selesai.</p>")[1].text == f"Jadi {said}, selesai."


def test_a_drawing_in_a_page_makes_it_no_picture(read: Any) -> None:
    page = b"<!doctype html><html><body><svg><path/></svg><p>Isi.</p>"
    assert html.sniff(page, "a.html")
    assert not html.sniff(b"<svg xmlns='x'><foreignObject><html></html>", "a.html")
