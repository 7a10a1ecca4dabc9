"""The marks of an answer: by mouse, by keys, by finger."""

from collections.abc import Callable
from typing import Any

import pytest

from documents.tests.pdfs import make_pdf
from llm.messages import ToolCall
from tests.browser.test_journey import PAGES, PASSAGE
from tests.browser.waiting import soon, tab_to

pytestmark = [pytest.mark.browser]

CUT = "The leaves were cut in the dry season."
OPEN = "#preview:popover-open"
# The mark the keyboard is at is in sight, it has come to rest, and its preview is below or above.
BESIDE = """() => new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const box = document.querySelector("#preview:popover-open")?.getBoundingClientRect();
  const mark = document.activeElement.getBoundingClientRect();
  tell(box && mark.top >= 0 && mark.bottom <= innerHeight
    && Math.min(Math.abs(box.top - mark.bottom), Math.abs(mark.top - box.bottom)) < 12);
})))"""


@pytest.fixture
def two_marks(play: Any) -> Callable[[Any], None]:
    """An answer with a mark for each of two pages."""

    def prepare(window: Any) -> None:
        pdf = {"name": "reader.pdf", "mimeType": "application/pdf", "buffer": make_pdf(PAGES)}
        window.page.set_input_files("#choose", pdf)
        window.page.wait_for_selector("#tray [data-status=PROCESSED]")
        search = ToolCall("1", "document_search", {"query": "soot letters leaves dry season"})
        play([search], [f'First "{CUT}" [1] and then "{PASSAGE}" [2] it was so.'])
        window.ask("How were books made?", lambda: window.page.click("#send"))
        window.answered()
        window.has(".cite", 2)

    return prepare


def test_arrows_walk_and_escape_closes_one_thing_at_a_time(
    alice_visits: Callable[..., Any], two_marks: Any
) -> None:
    window = alice_visits()
    page = window.page
    two_marks(window)
    page.focus("#scroll")
    tab_to(page, ".cite")
    page.wait_for_selector(f"{OPEN} >> text=reader.pdf")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".cite:text-is('2'):focus")
    page.wait_for_selector(".cite:text-is('2')[aria-expanded=true]")
    page.keyboard.press("ArrowRight")  # there is no third
    page.keyboard.press("Enter")
    page.wait_for_selector(".passage")
    # The pane is open; a preview over it goes first.
    page.hover(".cite >> nth=0")
    page.wait_for_selector(OPEN)
    page.focus("#say")
    page.keyboard.press("Escape")
    page.wait_for_selector(OPEN, state="hidden")
    assert page.is_visible("#pane")
    assert page.evaluate("document.activeElement.id") == "say"
    window.clean()


def test_the_preview_stays_where_the_keyboard_scrolled_to_its_mark(
    alice_visits: Callable[..., Any], two_marks: Any, play: Any
) -> None:
    window = alice_visits()
    page = window.page
    two_marks(window)
    play(["Many words. " * 2000])
    window.ask("And then?")
    window.answered()
    page.evaluate("document.getElementById('scroll').scrollTop = 1e6")
    page.focus("[data-new-chat] >> visible=true")
    tab_to(page, ".cite")
    page.wait_for_function(BESIDE)
    window.clean()


def test_a_tap_shows_and_a_tap_elsewhere_closes(
    alice_visits: Callable[..., Any], two_marks: Any
) -> None:
    window = alice_visits(width=390, height=780, has_touch=True, is_mobile=True)
    page = window.page
    two_marks(window)
    page.tap(".cite >> nth=0")
    page.wait_for_selector(f"{OPEN} >> text=reader.pdf")

    def is_whole() -> bool:
        box = page.locator("#preview").bounding_box()
        return bool(box and box["x"] >= 0 and box["x"] + box["width"] <= 390)

    soon(is_whole)
    page.tap(".cite >> nth=1")
    page.wait_for_selector(".cite:text-is('2')[aria-expanded=true]")
    page.tap(".talk-title")
    page.wait_for_selector(OPEN, state="hidden")
    page.wait_for_selector("#pane", state="hidden")
    page.tap(".cite >> nth=0")
    page.tap("#preview button")
    page.wait_for_selector(".passage")
    window.clean()
