"""Phone, dark, Indonesian, keyboard, and how much a page weighs."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from documents.tests.pdfs import make_pdf
from llm.messages import ToolCall
from tests.browser.test_journey import PAGES, PASSAGE
from tests.browser.waiting import tab_to

pytestmark = [pytest.mark.browser]

HEAVIEST = 120_000  # bytes, compressed, before the first keystroke
MOST_REQUESTS = 9
CONTRAST = """(selector) => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  let behind = element;
  const paper = () => rgb(getComputedStyle(behind).backgroundColor);
  while (paper()[3] === 0) behind = behind.parentElement;
  const [a, b] = [light(rgb(getComputedStyle(element).color)), light(paper())];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


@pytest.fixture
def with_an_answer(play: Any) -> Callable[[Any], None]:
    """Uploads the reader and asks one question about it."""

    def prepare(window: Any) -> None:
        window.page.set_input_files(
            "#choose",
            {"name": "reader.pdf", "mimeType": "application/pdf", "buffer": make_pdf(PAGES)},
        )
        window.page.wait_for_selector("#tray [data-status=PROCESSED]")
        play([ToolCall("1", "document_search", {"query": "soot letters"})], [f'"{PASSAGE}" [1]'])
        question = "How did the letters become visible?"
        window.ask(question, lambda: window.page.click("#send"))
        window.answered()

    return prepare


def test_a_phone_has_room_for_all(alice_visits: Callable[..., Any], with_an_answer: Any) -> None:
    window = alice_visits(width=390, height=780, has_touch=True, is_mobile=True)
    page = window.page
    with_an_answer(window)
    assert page.is_hidden("#sidebar")
    page.tap(".cite")
    page.wait_for_selector("#preview:popover-open")
    page.tap("#preview button")
    page.wait_for_selector(".passage")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.tap("[aria-label=Close]")
    page.tap("[aria-label='Open the list of chats']")
    page.wait_for_selector(".session a")
    page.tap(".session a")
    page.wait_for_selector("#sidebar", state="hidden")
    window.clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_paper(
    alice_visits: Callable[..., Any], with_an_answer: Any, scheme: str
) -> None:
    window = alice_visits(color_scheme=scheme)
    with_an_answer(window)
    shown = [".prose p", ".step", ".question", ".source .words", ".cite", ".by", ".day", ".quiet"]
    for selector in shown:
        window.page.wait_for_selector(selector, state="attached")
        assert window.page.evaluate(CONTRAST, selector) >= 4.5, selector
    paper = window.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (paper == "rgb(23, 19, 14)") == (scheme == "dark")


def test_theme_and_language_are_kept(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    page.click(".account")
    page.click("#account-menu button[value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
    page.click(".account")
    page.click("#account-menu button[value=id]")
    page.wait_for_selector("html[lang=id]")
    window.ready()
    page.wait_for_selector("#title >> text=Obrolan baru")
    page.click("#show-material")
    page.wait_for_selector("#pane >> text=Materi Anda")
    page.goto("about:blank")  # what this page still asks for would be refused and lead to the login
    page.context.clear_cookies()
    window.log_in("alice@example.org")
    page.wait_for_selector("html[lang=id][data-theme=dark]")
    window.clean()


def test_a_browser_in_indonesian_gets_indonesian(visit: Callable[..., Any]) -> None:
    window = visit(locale="id-ID")
    window.go("/accounts/login/")
    assert "Masuk" in window.page.inner_text("h1")
    window.go("/accounts/signup/")
    assert "Buat akun" in window.page.inner_text("h1")


def test_it_works_by_keyboard_alone(alice_visits: Callable[..., Any], with_an_answer: Any) -> None:
    window = alice_visits()
    page = window.page
    with_an_answer(window)
    page.wait_for_selector("#announce >> text=Candlenut soot", state="attached")
    page.focus("#scroll")
    tab_to(page, ".cite, #say")
    assert page.evaluate("document.activeElement.className") == "cite"
    page.wait_for_selector("#preview:popover-open")
    page.keyboard.press("Enter")
    page.wait_for_selector(".passage")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("[data-page='4']")
    page.keyboard.press("Escape")
    page.wait_for_selector(".cite:focus")
    window.clean()


def test_the_chat_page_is_light(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    bodies: list[bytes] = []
    window.page.on("response", lambda response: bodies.append(response.body()))
    window.go("/chat/")
    window.ready()
    window.page.wait_for_timeout(300)
    weight = sum(len(gzip.compress(body, 6)) for body in bodies)
    assert len(bodies) <= MOST_REQUESTS
    assert weight <= HEAVIEST, f"{weight} bytes in {len(bodies)} requests"
    window.clean()
