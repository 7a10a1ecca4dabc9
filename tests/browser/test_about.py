"""What a document is about, in the viewer; and the viewer's keys, as the sheet of keys has them."""

from collections.abc import Callable
from typing import Any

import pytest

from documents.models import Document
from documents.tests.pdfs import make_pdf
from tests.browser import axe
from tests.browser.test_journey import PAGES
from tests.browser.test_viewer import shelved

pytestmark = [pytest.mark.browser]
SUMMARY = "The book tells how palm leaves were cut and how the letters were made visible with soot."
LOOKS = [
    {"locale": "en-GB", "width": 1280, "color_scheme": "light"},
    {"locale": "id-ID", "width": 390, "height": 780, "color_scheme": "dark"},
]


def opened(window: Any) -> Any:
    page = window.page
    shelved(make_pdf(PAGES), len(PAGES))
    page.reload()
    window.ready()
    page.click("#show-material")
    page.click(".file-list button.name:has-text('book.pdf')")
    page.wait_for_selector(".textLayer span")
    return page


@pytest.mark.parametrize("look", LOOKS, ids=["desk", "phone"])
def test_the_summary_is_shown_when_asked_for(
    alice_visits: Callable[..., Any], look: dict[str, Any]
) -> None:
    window = alice_visits(**look)
    axe.come_along(window.page)
    page = opened(window)
    Document.objects.update(summary=SUMMARY, title="On leaves", author="Lestari")
    assert page.is_hidden(".view-about")
    page.click(".pane-head [aria-controls=view-about]")
    page.wait_for_selector(f".view-about >> text={SUMMARY}")
    assert page.get_attribute(".view-about .summary", "lang") == "en"
    page.wait_for_selector(".view-about >> text=/On leaves, .* Lestari|On leaves, Lestari/")
    assert page.is_visible(".sheet canvas")
    wrong = axe.found(page, [(look["color_scheme"], look["width"])])
    assert not wrong, "\n".join(wrong)
    page.click(".pane-head [aria-controls=view-about]")
    assert page.is_hidden(".view-about")
    window.clean()


def test_no_summary_is_said_and_the_keys_turn_and_find(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = opened(window)
    page.click(".pane-head [aria-controls=view-about]")
    page.wait_for_selector(".view-about >> text=There is no summary of this document.")
    page.focus(".view-scroll")
    for key, number in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        page.wait_for_selector(f".sheet[data-page='{number}']")
    page.keyboard.press("Control+f")
    page.wait_for_selector(".view-find input:focus")
    window.clean()
