"""Questions asked in other words, other answers, and the way between them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

OTHER_WORDS = "Change this question"


def change(window: Any, text: str, at: int = 0) -> None:
    page = window.page
    page.locator(".asked").nth(at).hover()
    page.locator(f"[aria-label='{OTHER_WORDS}']").nth(at).click()
    page.fill(".question-edit textarea", text)
    page.keyboard.press("Enter")


def questions(window: Any) -> list[str]:
    rows = window.page.locator(".question").all_inner_texts()
    return [row.replace("You asked:", "").strip() for row in rows]


@pytest.fixture
def two_versions(alice_visits: Callable[..., Any], play: Any) -> Any:
    """q1 a1 q2 a2, and in its place other, b1, which is shown."""
    window = alice_visits()
    for number in (1, 2):
        play([f"a{number}"])
        window.ask(f"q{number}")
        window.has(".answer .answer-foot", number)
    play(["b1"])
    change(window, "other words")
    window.page.wait_for_selector(".question-foot .of:has-text('2 / 2')")
    window.has(".answer .answer-foot", 1)
    return window


def test_both_versions_are_kept_and_shown_in_turn(two_versions: Any) -> None:
    window, page = two_versions, two_versions.page
    soon(lambda: questions(window), ["other words"])
    page.fill("#say", "a draft")
    page.focus(".question-foot [data-step='-1']")
    page.keyboard.press("Enter")
    page.wait_for_selector(".question-foot [data-step='1']:focus")
    soon(lambda: questions(window), ["q1", "q2"])
    page.wait_for_selector("#announce >> text=Version 1 of 2", state="attached")
    page.reload()
    window.has(".answer .answer-foot", 2)
    soon(lambda: questions(window), ["q1", "q2"])
    soon(lambda: page.input_value("#say"), "a draft")
    page.click(".question-foot [data-step='1']")
    window.has(".question", 1)
    soon(lambda: questions(window), ["other words"])
    window.clean()


def test_another_answer_stands_beside_the_first(two_versions: Any, play: Any) -> None:
    window, page = two_versions, two_versions.page
    play(["b1 again"])
    page.click("[aria-label='Answer again']")
    page.wait_for_selector(".answer-foot .of:has-text('2 / 2')")
    page.wait_for_selector(".answer .prose >> text=b1 again")
    window.has(".answer", 1)
    page.click(".answer-foot [data-step='-1']")
    page.wait_for_selector(".answer-foot .of:has-text('1 / 2')")
    soon(lambda: page.inner_text(".answer .prose").strip(), "b1")
    play(["c2"])
    window.ask("and then?")
    window.has(".answer .answer-foot", 2)
    soon(lambda: questions(window), ["other words", "and then?"])
    window.clean()


def test_two_tabs_show_the_same_branch(two_versions: Any, play: Any) -> None:
    window, page = two_versions, two_versions.page
    second = page.context.new_page()
    second.goto(page.url)
    second.wait_for_selector(".answer .answer-foot")
    page.click(".question-foot [data-step='-1']")
    second.wait_for_selector(".question >> text=q2")
    play(["d1"])
    change(window, "a third way")
    second.wait_for_selector(".question-foot .of:has-text('3 / 3')")
    second.wait_for_selector(".answer .prose >> text=d1")
    soon(second.locator(".question").count, 1)
    window.clean()


def test_two_tabs_stay_in_step_while_one_edits(two_versions: Any, play: Any) -> None:
    window, page = two_versions, two_versions.page
    second = page.context.new_page()
    second.goto(page.url)
    second.wait_for_selector(".answer .answer-foot")
    second.fill("#say", "a draft of the other tab")
    # It writes at a question, too, and is overtaken.
    second.locator(".asked").hover()
    second.click(f"[aria-label='{OTHER_WORDS}']")
    second.fill(".question-edit textarea", "slower words")
    held = threading.Event()
    play(["half of it ", held, "and the rest"])
    change(window, "quicker words")
    for tab in (page, second):
        tab.wait_for_selector(".question >> text=quicker words")
        tab.wait_for_selector(".answer .prose >> text=half of it")
        tab.wait_for_selector("#send[data-does=stop]")
    held.set()
    for tab in (page, second):
        tab.wait_for_selector(".answer:not([aria-busy]) .prose >> text=and the rest")
        tab.wait_for_selector(".question-foot .of:has-text('3 / 3')")
        soon(tab.locator(".question").count, 1)
        soon(tab.locator(".answer").count, 1)
    assert second.input_value("#say") == "a draft of the other tab"
    window.clean()


def test_the_pen_can_be_put_down(two_versions: Any) -> None:
    window, page = two_versions, two_versions.page
    page.focus(f"[aria-label='{OTHER_WORDS}']")
    page.keyboard.press("Enter")
    page.wait_for_selector(".question-edit textarea:focus")
    page.keyboard.press("Escape")
    window.has(".question-edit", 0)
    page.wait_for_selector("[data-pen]:focus")
    page.wait_for_selector(".question")
    window.clean()


def test_feedback_is_kept_with_its_reason(two_versions: Any) -> None:
    window, page = two_versions, two_versions.page
    page.click("[aria-label='Not a good answer']")
    page.fill(".reason input", "Page 3 says otherwise")
    page.keyboard.press("Enter")
    window.has(".reason", 0)
    page.reload()
    page.wait_for_selector("[aria-label='Not a good answer'][aria-pressed=true]")
    page.click("[aria-label='Not a good answer']")
    page.wait_for_selector("[aria-label='Not a good answer'][aria-pressed=false]")
    page.reload()
    page.wait_for_selector("[aria-label='Not a good answer'][aria-pressed=false]")
    window.clean()
