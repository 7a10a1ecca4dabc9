"""Without a mouse: letters and the sheet that lists them, what can be reached and shows it."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser]
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
# All that can be reached, in its order; and whether each shows that the keyboard is there.
ROUND = """() => {
  const can = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const shown = (one) => one.checkVisibility({ visibilityProperty: true });
  const reachable = [...document.querySelectorAll(can)].filter((one) =>
    one.tabIndex >= 0 && shown(one) && !one.disabled && !one.closest("[inert]"));
  return reachable.map((one) => one.getAttribute("aria-label") || one.id || one.innerText.trim());
}"""
HERE = """() => {
  const one = document.activeElement;
  const box = one.closest(".leaf-box") ?? one;
  const look = (what) => [getComputedStyle(what).outlineStyle, getComputedStyle(what).boxShadow];
  const [outline, shadow] = look(one).map((value, at) => at ? look(box)[1] : value);
  return [one.getAttribute("aria-label") || one.id || one.innerText?.trim(),
    outline !== "none" || shadow !== "none"];
}"""


def test_letters_do_what_the_sheet_says(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits(**CLIPBOARD)
    page = window.page
    play(["The first answer."], ["The second answer."])
    window.ask("First?")
    window.answered()
    page.wait_for_selector(".answer-foot")
    first = page.url
    # While something is written a letter is a letter.
    page.keyboard.type("n")
    assert page.input_value("#say") == "n" and page.url == first
    page.fill("#say", "")
    page.keyboard.press("Alt+Shift+N")
    page.wait_for_url("**/chat/")
    window.ask("Second?")
    window.answered()
    page.wait_for_selector(".answer-foot")
    second = page.url
    page.focus("#scroll")
    page.keyboard.press("c")
    page.wait_for_selector("#announce >> text=Copied", state="attached")
    assert page.evaluate("navigator.clipboard.readText()") == "The second answer."
    page.keyboard.press("j")
    page.wait_for_url(first)
    page.wait_for_selector("#announce >> text=First", state="attached")
    page.keyboard.press("k")
    page.wait_for_url(second)
    page.keyboard.press("f")
    page.wait_for_selector("#find-chats-words:focus")
    page.keyboard.press("Alt+Shift+Q")
    page.wait_for_selector("#say:focus")
    window.clean()


def test_s_stops_the_answer_and_is_a_letter_while_one_writes(
    alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page = window.page
    play(["Only the beginning ", threading.Event()])
    window.ask("Go")
    page.wait_for_selector(".prose >> text=Only the beginning")
    page.keyboard.type("s")
    assert page.input_value("#say") == "s"
    page.wait_for_selector("#send[data-does=stop]")
    page.focus("#scroll")
    page.keyboard.press("s")
    page.wait_for_selector("text=You stopped this answer.")
    assert window.answered().strip() == "Only the beginning"
    assert page.input_value("#say") == "s"
    window.clean()


def test_the_sheet_switches_letters_off(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    page.focus("#scroll")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open] >> text=Keyboard shortcuts")
    assert page.locator("dialog kbd").all_inner_texts() == [*"H?NFQSCJK←→", "Ctrl", "F"]
    page.uncheck("#letters-alone")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_selector("#scroll:focus")
    page.keyboard.press("f")
    page.keyboard.press("?")
    assert page.locator("dialog, #find-chats-words:focus").count() == 0
    page.keyboard.press("Alt+Shift+H")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.click(".account")
    page.click("#show-keys")
    page.check("#letters-alone")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.focus("#scroll")
    page.keyboard.press("f")
    page.wait_for_selector("#find-chats-words:focus")
    window.clean()


@pytest.mark.parametrize(
    ("path", "there"),
    [("/chat/", "#sessions button"), ("/library/", ".shelf-row"), ("/account/", "#keys")],
)
def test_all_can_be_reached_in_its_order_and_shows_it(
    alice_visits: Callable[..., Any], path: str, there: str
) -> None:
    window = alice_visits()
    page = window.page
    window.go(path)
    page.wait_for_selector(there)
    page.wait_for_load_state("networkidle")  # what is asked for last brings buttons of its own
    expected = page.evaluate(ROUND)
    page.focus(".skip, .brand >> nth=0")
    passed = []
    for _ in expected:
        name, is_seen = page.evaluate(HERE)
        assert is_seen, f"{path}: {name} does not show that the keyboard is there"
        passed.append(name)
        page.keyboard.press("Tab")
    assert passed == expected
    window.clean()


def test_the_first_stop_skips_to_the_box(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    page.focus(".skip")
    page.keyboard.press("Enter")
    page.wait_for_selector("#say:focus")
    window.go("/library/")
    page.wait_for_selector(".shelf-row")
    page.keyboard.press("Tab")
    page.wait_for_selector(".skip:focus")
    page.keyboard.press("Enter")
    page.wait_for_selector(".skip:not(:focus)", state="attached")
    page.keyboard.press("Tab")
    page.wait_for_selector("#shelf :focus")
    window.clean()
