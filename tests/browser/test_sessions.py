"""The list of chats: found, renamed, put away, completed, taken along, shared and deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]


def begin(window: Any, play: Any, text: str) -> None:
    """A new chat with one question and its answer."""
    window.page.click(".new-chat")
    play([f"About {text}, says **the book**."])
    window.ask(text)
    window.answered()


def menu(window: Any, title: str, choice: str) -> None:
    page = window.page
    page.locator(".session", has_text=title).hover()
    page.click(f"[aria-label='More for “{title}”']")
    page.click(f"#session-menu >> text={choice}")


@pytest.fixture
def two_chats(alice_visits: Callable[..., Any], play: Any) -> Any:
    window = alice_visits()
    for text in ("Soot on palm leaves", "Tides of the strait"):
        begin(window, play, text)
    window.has(".session", 2)
    return window


def test_chats_are_found_by_what_was_said(two_chats: Any) -> None:
    window, page = two_chats, two_chats.page
    page.fill("#find-chats-words", "soot book")
    window.has(".session", 1)
    page.wait_for_selector(".session >> text=Soot")
    page.wait_for_selector("#announce >> text=1 chat found", state="attached")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".session a:focus")
    page.fill("#find-chats-words", "whales")
    page.wait_for_selector("#sessions >> text=No chat has all of these words.")
    page.fill("#find-chats-words", "")
    window.has(".session", 2)
    window.clean()


def test_a_chat_is_put_away_completed_and_deleted_in_every_window(two_chats: Any) -> None:
    window, page = two_chats, two_chats.page
    second = page.context.new_page()
    second.goto(f"{window.address}/chat/")
    second.wait_for_selector(".session >> nth=1")
    menu(window, "Soot on palm leaves", "Put into the archive")
    window.has(".session", 1)
    second.wait_for_selector(".session >> nth=1", state="detached")
    page.click("#sessions >> text=Archive")
    page.wait_for_selector(".session >> text=Soot on palm leaves")
    menu(window, "Soot on palm leaves", "Take out of the archive")
    page.wait_for_selector("#sessions >> text=The archive is empty.")
    page.click("#sessions >> text=Back to my chats")
    window.has(".session", 2)

    menu(window, "Tides of the strait", "Mark as completed")
    page.wait_for_selector(".session [aria-label='Completed:']")
    second.wait_for_selector(".session [aria-label='Completed:']")
    page.fill("#say", "One more?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#connection >> text=completed")
    menu(window, "Tides of the strait", "Reopen")
    window.has(".session [aria-label='Completed:']", 0)

    menu(window, "Soot on palm leaves", "Delete")
    page.click("dialog.ask .danger")
    window.has(".session", 1)
    second.wait_for_selector(".session >> nth=1", state="detached")
    window.clean()


def test_the_menu_goes_by_keyboard_and_a_name_is_changed_in_place(two_chats: Any) -> None:
    window, page = two_chats, two_chats.page
    page.focus("[aria-label='More for “Tides of the strait”']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#session-menu button:focus")
    page.keyboard.press("ArrowUp")
    page.wait_for_selector("#session-menu .danger:focus")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".session input:focus")
    page.keyboard.type("High water")
    page.keyboard.press("Enter")
    page.wait_for_selector("#title >> text=High water")
    page.wait_for_selector(".session >> text=High water")
    window.clean()


def test_a_chat_is_taken_along(two_chats: Any) -> None:
    window, page = two_chats, two_chats.page
    for choice, ending in (("Save as Markdown", ".md"), ("Save as JSON", ".json")):
        with page.expect_download() as download:
            menu(window, "Tides of the strait", choice)
        assert download.value.suggested_filename == f"Tides of the strait{ending}"
    page.evaluate("window.print = () => { document.body.dataset.printed = document.title; }")
    menu(window, "Soot on palm leaves", "Print or save as PDF")
    page.wait_for_selector("body[data-printed^=Soot]")
    page.emulate_media(media="print")
    page.wait_for_selector("#title")
    page.wait_for_selector(".answer .prose")
    for hidden in ("#sidebar", "#composer", ".answer-foot .tool", ".question-foot"):
        page.wait_for_selector(hidden, state="hidden")
    window.clean()


def test_a_link_shows_the_chat_to_whoever_has_it(two_chats: Any, visit: Callable[..., Any]) -> None:
    window, page = two_chats, two_chats.page
    menu(window, "Tides of the strait", "Share by link")
    page.click("dialog.ask >> text=Make a link")
    url = page.wait_for_selector(".new-link input").input_value()
    page.wait_for_selector(".link-list >> text=Take back")
    # As in a school's own network, without https, where browsers have no clipboard to write to.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.click(".new-link button")
    page.wait_for_selector(".new-link button:text-is('Copied.')")
    page.evaluate("document.querySelector('.new-link input').readOnly = false")
    page.fill(".new-link input", "")
    page.keyboard.press("Control+V")
    assert page.input_value(".new-link input") == url

    reader = visit(width=390, height=780)
    reader.page.goto(url)
    reader.page.wait_for_selector(".prose strong >> text=the book")
    assert "Tides of the strait" in reader.page.inner_text("h1")
    assert "Alice" not in reader.page.content()
    assert reader.page.evaluate("document.documentElement.scrollWidth") == 390
    assert reader.page.context.cookies() == []
    reader.clean()

    page.click(".link-list >> text=Take back")
    window.has(".link-list li", 0)
    soon(lambda: reader.page.goto(url).status, 404)
    assert "taken the link back" in reader.page.inner_text("main")
    window.clean()
