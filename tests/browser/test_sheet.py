"""The source below the conversation, where there is no room beside it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import axe
from tests.browser.test_looks import with_an_answer
from tests.browser.waiting import soon

__all__ = ["with_an_answer"]
pytestmark = [pytest.mark.browser]
PHONE = {"width": 390, "height": 780, "has_touch": True, "is_mobile": True}
BOX = """(at) => {
  const box = document.querySelector(at).getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom];
}"""
MARKED = """() => {
  const box = (at) => document.querySelector(at).getBoundingClientRect();
  const [mark, view] = [box(".passage"), box(".view-scroll")];
  return mark.width > 0 && mark.top >= view.top && mark.bottom <= view.bottom;
}"""
# A mark is in sight if the point in its middle is its own.
IN_SIGHT = """(at) => {
  const one = document.querySelector(at);
  const { left, top, width, height } = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


def open_source(page: Any, *, by: str = "tap") -> None:
    if by == "tap":
        # The keyboard may have come back to the mark, where the preview would be open already.
        page.evaluate("document.activeElement.blur()")
        page.wait_for_selector("#preview", state="hidden")
        page.tap(".cite")
        page.wait_for_selector("#preview:popover-open")
        page.tap("#preview button")
    else:
        page.focus(".cite")
        page.keyboard.press("Enter")
    page.wait_for_selector(".passage")


def edges(page: Any, at: str) -> list[float]:
    found: list[float] = page.evaluate(BOX, at)
    return found


def test_the_source_lies_below_and_the_talk_goes_on(
    alice_visits: Callable[..., Any], with_an_answer: Any, play: Any
) -> None:
    window = alice_visits(**PHONE)
    page = window.page
    with_an_answer(window)
    open_source(page)
    _, top, right, bottom = edges(page, "#pane")
    assert (right, bottom) == (390, 780) and 300 < top < 420
    soon(lambda: edges(page, "#talk")[3] <= top)
    page.wait_for_function(IN_SIGHT, arg=".cite")
    page.wait_for_function(MARKED)
    assert page.locator("[inert]").count() == 0
    page.wait_for_selector(".pane-head h2:focus")
    # The sheet scrolls by itself, and the conversation above it is asked and answers.
    said, scrolled = edges(page, ".question"), "document.querySelector('.view-scroll').scrollTop"
    page.evaluate(f"{scrolled} = 1000")
    assert page.evaluate(scrolled) > 0 and edges(page, ".question") == said
    page.evaluate(f"{scrolled} = 0")
    play(["And they were read by candlelight."])
    window.ask("And then?", lambda: page.tap("#send"))
    assert "candlelight" in window.answered()
    page.wait_for_function(IN_SIGHT, arg=".answer:last-child .prose p")
    assert page.is_visible(".sheet .passage")
    page.tap(".pane-head [aria-label=Close]")
    page.wait_for_selector(".cite:focus")
    page.wait_for_selector("#pane", state="hidden")
    soon(lambda: edges(page, "#talk")[3], 780)
    window.clean()


def test_the_sheet_is_as_high_as_the_reader_likes(
    alice_visits: Callable[..., Any], with_an_answer: Any
) -> None:
    window = alice_visits(**PHONE)
    page = window.page
    with_an_answer(window)
    open_source(page)
    edge = page.locator(".pane-edge")
    usual = int(edge.get_attribute("aria-valuenow"))
    edge.focus()
    page.keyboard.press("ArrowUp")
    soon(lambda: int(edge.get_attribute("aria-valuenow")) > usual)
    page.keyboard.press("Home")
    soon(lambda: edges(page, "#pane")[1], 585)
    assert edge.get_attribute("aria-valuenow") == edge.get_attribute("aria-valuemin") == "25"
    edge.click()  # without dragging: tall, and back
    most = edge.get_attribute("aria-valuemax")
    soon(lambda: edge.get_attribute("aria-valuenow"), most)
    page.wait_for_selector("#say")
    soon(lambda: edges(page, "#say")[3] <= edges(page, "#pane")[1])
    edge.click()
    soon(lambda: int(edge.get_attribute("aria-valuenow")), usual)
    _drag(page, to=500)
    soon(lambda: abs(edges(page, "#pane")[1] - 500) <= 4)
    # The next source is as high.
    page.keyboard.press("Escape")
    page.wait_for_selector("#pane", state="hidden")
    open_source(page)
    soon(lambda: abs(edges(page, "#pane")[1] - 500) <= 4)
    _drag(page, to=770)
    page.wait_for_selector("#pane", state="hidden")
    # My files are worked in: they have the whole page, and the phone's own way back leads out.
    page.tap("#show-material")
    page.tap("#pane .file-list .file button")
    page.wait_for_selector(".view-scroll canvas")
    assert edges(page, "#pane") == [0, 0, 390, 780] and page.is_hidden("#say")
    page.go_back()
    page.wait_for_selector("#pane .file-list .file")
    page.tap(".pane-head [aria-label=Back]")
    page.wait_for_selector("#pane", state="hidden")
    page.wait_for_selector(".answer .prose >> visible=true")
    page.wait_for_selector("#say")
    window.clean()


def _drag(page: Any, to: int) -> None:
    left, top, right, bottom = edges(page, ".pane-edge")
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.down()
    page.mouse.move((left + right) / 2, to, steps=4)
    page.mouse.up()


def test_escape_closes_it_and_leaves_who_writes(
    alice_visits: Callable[..., Any], with_an_answer: Any
) -> None:
    window = alice_visits(**PHONE)
    page = window.page
    with_an_answer(window)
    open_source(page, by="keyboard")
    page.fill("#say", "A draft")
    page.keyboard.press("Escape")
    assert page.is_visible("#pane") and page.input_value("#say") == "A draft"
    page.focus("#scroll")
    page.keyboard.press("Escape")
    page.wait_for_selector("#pane", state="hidden")
    page.wait_for_selector(".cite:focus")
    open_source(page, by="keyboard")
    page.keyboard.press("Escape")
    page.wait_for_selector(".cite:focus")
    window.clean()


@pytest.mark.parametrize(
    ("width", "height"),
    [(640, 400), (320, 512), (844, 390), (834, 1112)],
    ids=["twice as large", "four times as large", "on its side", "tablet"],
)
def test_there_is_room_in_every_window(
    alice_visits: Callable[..., Any], with_an_answer: Any, width: int, height: int
) -> None:
    """1280 by 800 at 200 % is a window of 640 by 400."""
    window = alice_visits(width=width, height=height)
    page = window.page
    axe.come_along(page)
    page.reload()
    window.ready()
    with_an_answer(window)
    open_source(page, by="keyboard")
    page.wait_for_function(MARKED)
    page.wait_for_function(IN_SIGHT, arg=".cite")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for part in ("#scroll", ".view-scroll"):
        left, top, right, bottom = edges(page, part)
        assert right - left >= 270 and bottom - top >= 110, part
    # The composer stays whole and apart from the source.
    left, top, right, bottom = edges(page, "#composer")
    sheet = edges(page, "#pane")
    assert bottom <= height and (bottom <= sheet[1] or right <= sheet[0])
    wrong = page.evaluate(axe.RUN, [f"{width}", axe.TAGS, axe.PARTS, []])
    assert not wrong, "\n".join(wrong)
    window.clean()
