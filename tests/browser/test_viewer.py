"""The viewer: find in a document, quotations that are not there, long books, hostile files."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from documents import storage
from documents.models import Document, Page
from documents.services import personal_collection
from documents.tests.pdfs import FONT, assemble
from llm.messages import ToolCall
from tests.browser.test_journey import PASSAGE
from tests.browser.test_looks import with_an_answer
from tests.browser.waiting import soon

__all__ = ["with_an_answer"]
# A page is drawn again when the pane takes its width: a place read in between is of nothing.
ON_THE_WORDS = """() => {
  const spans = [...document.querySelectorAll(".textLayer span")];
  const words = spans.find((span) => span.textContent.includes("The leaves"));
  const mark = document.querySelector(".passage");
  if (!words || !mark) return false;
  const [a, b] = [words.getBoundingClientRect(), mark.getBoundingClientRect()];
  return b.width > 0 && Math.abs(a.x - b.x) < 8 && Math.abs(a.y - b.y) < 12;
}"""
pytestmark = [pytest.mark.browser]
BOOK_PAGES = 1160


@pytest.mark.parametrize("width", [1280, 390])
def test_find_goes_from_place_to_place(
    alice_visits: Callable[..., Any], with_an_answer: Any, width: int
) -> None:
    window = alice_visits(width=width)
    page = window.page
    with_an_answer(window)
    page.click(".cite")
    page.wait_for_selector(".passage")
    page.click("[aria-label='Find in this document']")
    page.wait_for_selector(".view-find input:focus")
    # At once: what is found for half of it has as many places, and Enter would ask for the rest.
    page.fill(".view-find input:focus", "the leaves")
    # It begins at the page in sight.
    page.wait_for_selector(".view-find >> text=2 of 2")
    soon(lambda: page.input_value("[aria-label='Page number']"), "3")
    page.keyboard.press("Enter")
    page.wait_for_selector(".view-find >> text=1 of 2")
    page.wait_for_selector(".sheet[data-page='2'] .passage")
    page.wait_for_selector(".textLayer >> text=The leaves were cut")
    page.wait_for_function(ON_THE_WORDS)
    page.fill(".view-find input", "nowhere to be found")
    page.wait_for_selector(".view-find >> text=Not in this document")
    page.keyboard.press("Escape")
    page.wait_for_selector(".view-find", state="hidden")
    page.wait_for_selector("#pane")
    page.click(".view-bar .named")
    page.wait_for_selector(".sheet[data-page='3']")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    window.clean()


def test_a_quotation_that_is_not_there_is_shown_as_such(
    alice_visits: Callable[..., Any], with_an_answer: Any, play: Any
) -> None:
    window = alice_visits()
    page = window.page
    with_an_answer(window)
    play(
        [ToolCall("1", "document_search", {"query": "soot letters"})],
        [f"“{PASSAGE}” [1]\n\nIt was “poured over the leaves by the bucket” [1]."],
    )
    window.ask("And then?")
    window.answered()
    window.has(".answer:last-child .cite", 2)
    window.has(".answer:last-child .cite.doubted", 1)
    page.wait_for_selector(".answer:last-child .source:has-text('not found word for word')")
    page.hover(".answer:last-child .cite.doubted")
    page.wait_for_selector("#preview >> text=Not found word for word there.")
    window.clean()


def test_a_deleted_document_leaves_the_words(
    alice_visits: Callable[..., Any], with_an_answer: Any
) -> None:
    window = alice_visits()
    page = window.page
    with_an_answer(window)
    page.click("#show-material")
    page.click(".file-list [aria-label='Delete reader.pdf']")
    page.click("dialog.ask .danger")
    window.has(".file-list .file", 0)
    page.click(".answer .cite")
    page.wait_for_selector("#pane >> text=This document has been deleted.")
    page.wait_for_selector(f"#pane .kept:has-text('{PASSAGE.rstrip('.')}')")
    window.clean()


def shelved(data: bytes, pages: int) -> Document:
    """A document of alice's as if it had been read: only what the viewer asks for."""
    alice = User.objects.get(email="alice@example.org")
    incoming = storage.Incoming()
    incoming.write(data)
    sha256, size = incoming.sha256, incoming.size
    document = Document.objects.create(
        collection=personal_collection(alice), owner=alice, original_filename="book.pdf",
        filename=incoming.keep(), sha256=sha256, file_size=size, media_type="application/pdf",
        kind="pdf", status=Document.Status.PROCESSED, page_count=pages,
    )  # fmt: skip
    Page.objects.bulk_create(
        Page(document=document, number=n, text=f"Page {n}", width=595, height=842)
        for n in range(1, pages + 1)
    )
    return document


def long_book() -> bytes:
    """A tree of pages, as printing programs write it: leaves of twenty."""
    line = "(Palm leaf after palm leaf, bound with a cord and kept under the roof.) Tj T*\n"
    nodes = range(4, 4 + BOOK_PAGES // 20)
    kids = " ".join(f"{n} 0 R" for n in nodes)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(nodes) * 20} >>",
        FONT,
    ]
    first = nodes.stop
    for place, _node in enumerate(nodes):
        kids = " ".join(f"{first + 2 * (20 * place + n)} 0 R" for n in range(20))
        objects.append(f"<< /Type /Pages /Parent 2 0 R /Kids [{kids}] /Count 20 >>")
    for n in range(len(nodes) * 20):
        content = f"BT /F1 11 Tf 16 TL 72 770 Td (Page {n + 1}) Tj T*\n{line * 45}ET"
        objects.append(
            f"<< /Type /Page /Parent {4 + n // 20} 0 R /MediaBox [0 0 595 842] "
            f"/Contents {first + 2 * n + 1} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return assemble(objects, "/Root 1 0 R")


def test_a_long_book_is_read_in_parts(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    data = long_book()
    shelved(data, BOOK_PAGES)
    sent: list[int] = []

    def count(response: Any) -> None:
        if response.url.endswith("/download") and response.status == 206:
            sent.append(int(response.headers["content-length"]))

    page.on("response", count)
    page.reload()
    page.click("#show-material")
    page.click(".file-list button.name:has-text('book.pdf')")
    page.wait_for_selector(".sheet[data-page='1'] canvas")
    page.wait_for_selector(".textLayer >> text=Page 1")
    page.fill("[aria-label='Page number']", "600")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sheet[data-page='600'] .textLayer >> text=Page 600")
    assert len(data) > 3_000_000
    assert 0 < sum(sent) < len(data) / 5, (sum(sent), len(data))
    window.clean()


def test_a_hostile_file_runs_nothing(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    script = "/S /JavaScript /JS (app.alert\\(1\\); window.__pwned = 1; this.submitForm\\('x'\\))"
    content = "BT /F1 12 Tf 72 700 Td (A harmless page) Tj ET"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /OpenAction << {script} >> "
        f"/Names << /JavaScript << /Names [(a) << {script} >>] >> >> >>",
        "<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
        FONT,
        "<< /Title (x) >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R "
        f"/AA << /O << {script} >> >> /Resources << /Font << /F1 3 0 R >> >> "
        "/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] "
        "/A << /S /URI /URI (javascript:window.__pwned=1) >> >>] >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
    ]
    shelved(assemble(objects), 1)
    page.reload()
    page.click("#show-material")
    page.click(".file-list button.name:has-text('book.pdf')")
    page.wait_for_selector(".textLayer >> text=A harmless page")
    page.click(".sheet")
    page.wait_for_timeout(150)
    assert page.locator(".sheet a").count() == 0
    window.clean()
