"""Files of other formats: brought by the page, cited by their own units, opened at the words."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from documents import places
from documents.tests.office import make_docx, p, styled
from documents.tests.test_pptx import make_pptx, shape, tree
from llm.messages import ToolCall
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]
ROWS = "".join(f"Mahasiswa {n},{n % 10},Kota {n}\n" for n in range(1, 131))
FILES: dict[str, tuple[bytes, str, str]] = {
    "kuliah.docx": (
        make_docx(styled("Heading1", "Tinta") + p("Jelaga kemiri menghitamkan goresan.")),
        "Jelaga kemiri menghitamkan goresan.",
        "",
    ),
    "salindia.pptx": (
        make_pptx(
            tree("sld", shape("Pembuka", kind="title")),
            tree("sld", shape("Pisau", kind="title"), shape("Pengrupak mengukir aksara Bali.")),
        ),
        "Pengrupak mengukir aksara Bali.",
        "slide 2",
    ),
    "nilai.csv": (f"nama,nilai,kota\n{ROWS}".encode(), "kota: Kota 120", "row 120"),
    "halaman.html": (
        b"<!doctype html><nav>Menu</nav><h1>Daun</h1><p>Rontal direbus dengan rempah.</p>",
        "Rontal direbus dengan rempah.",
        "",
    ),
}


def bring(window: Any, name: str, data: bytes, ready: int = 1) -> None:
    payload = {"name": name, "mimeType": "", "buffer": data}
    window.page.set_input_files("#choose", [payload])
    window.page.locator("#tray .file[data-status=PROCESSED]").nth(ready - 1).wait_for()


@pytest.mark.parametrize(
    ("name", "width", "locale", "scheme"),
    [
        ("kuliah.docx", 1280, "en-GB", "light"),
        ("salindia.pptx", 390, "id-ID", "dark"),
        ("nilai.csv", 1280, "en-GB", "dark"),
        ("halaman.html", 390, "en-GB", "light"),
    ],
)
def test_a_citation_opens_the_words(
    alice_visits: Callable[..., Any], play: Any, name: str, width: int, locale: str, scheme: str
) -> None:
    window = alice_visits(width=width, locale=locale, color_scheme=scheme)
    page = window.page
    data, passage, place = FILES[name]
    bring(window, name, data)
    play([ToolCall("1", "document_search", {"query": passage})], [f"Jawabannya: “{passage}” [1]."])
    window.ask("Apa isinya?")
    page.wait_for_selector(".answer .cite")
    if locale == "id-ID":
        with translation.override("id"):
            place = places.words("slide", 2)
    soon(lambda: page.inner_text(".sources .where > span >> nth=0"), place)
    page.click(".cite")
    words = passage.rstrip(".")  # the mark is on the words
    page.wait_for_selector(f".page-text mark:has-text('{words}')")
    soon(lambda: page.is_visible(".view-bar input"), bool(place))
    if name == "nilai.csv":
        page.wait_for_selector(".view-bar >> text=of 3 · rows 101–130")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    window.clean()
