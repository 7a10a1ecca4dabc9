"""A stranger's five tasks, one after the other, as somebody would do them who has read nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from documents.tests.pdfs import make_pdf
from llm.messages import ToolCall
from tests.browser.test_journey import PAGES, PASSAGE
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

SIZES = [
    {"width": 1280},
    {"width": 390, "height": 780, "has_touch": True, "is_mobile": True, "locale": "id-ID"},
]
PASSWORD = "tulisan-di-daun-7"
QUESTION = "How did the letters become visible?"


def file(name: str, pages: list[str]) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/pdf", "buffer": make_pdf(pages)}


class Stranger:
    """What the five have in common: the page, the model behind it, fingers or a mouse."""

    def __init__(self, window: Any, play: Any) -> None:
        self.window, self.page, self.play = window, window.page, play

    def has_fingers(self) -> bool:
        return bool(self.page.evaluate("matchMedia('(hover: none)').matches"))

    def press(self, selector: str) -> None:
        """A tap on a phone, a click elsewhere."""
        (self.page.tap if self.has_fingers() else self.page.click)(selector)

    def open_the_source(self, mark: str, words: str = "") -> None:
        """A finger sees the words first and goes on from there."""
        self.press(mark)
        if self.has_fingers():
            self.page.wait_for_selector(f"#preview:has-text('{words}')")
            self.press("#preview button")
        self.page.wait_for_selector(".passage")

    def ask(self, text: str, *answer: str, search: str) -> None:
        self.play([ToolCall("1", "document_search", {"query": search})], list(answer))
        self.window.ask(text, lambda: self.press("#send"))
        self.window.answered()

    def sign_up(self) -> None:
        self.window.go("/")
        self.press("a[href*='signup']")
        self.page.fill("[name=full_name]", "Sari Dewi")
        self.page.fill("[name=email]", "sari@example.org")
        self.page.fill("[name=password1]", PASSWORD)
        self.page.fill("[name=password2]", PASSWORD)
        self.press("button.primary")
        # The first page says what to do.
        self.page.wait_for_selector("#welcome-new [data-choose]")
        self.window.ready()

    def bring_material(self, name: str, pages: list[str], ready: int) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.press("[data-choose] >> visible=true")
        chooser.value.set_files(file(name, pages))
        self.window.has("#tray [data-status=PROCESSED]", ready)

    def find_the_page(self) -> None:
        """The suggestion is enough of a question to begin with; then one of her own."""
        self.page.wait_for_selector("#suggestions button")
        self.ask(QUESTION, f'With soot: "{PASSAGE}" [1]', search="letters become visible")
        self.open_the_source(".cite", "Candlenut soot")
        soon(lambda: self.page.input_value(".view-bar input"), "3")
        self.press(".pane-head button:last-child")
        self.page.wait_for_selector("#pane", state="hidden")

    def correct_the_question(self) -> None:
        self.ask("How were the leafs but?", "I cannot tell.", search="leafs")
        last = ".asked:nth-last-child(2)"
        self.page.hover(last)
        self.press(f"{last} [data-pen]")
        self.page.fill(".question-edit textarea", "How were the leaves cut?")
        self.play(
            [ToolCall("2", "document_search", {"query": "leaves cut"})], ["In the dry season."]
        )
        self.press(".question-edit .primary")
        self.page.wait_for_selector(".answer-foot:below(:text('In the dry season.'))")
        self.page.wait_for_selector(".question-foot .of:has-text('2 / 2')")
        soon(lambda: "leafs" in self.page.inner_text("#turns"), False)

    def come_back(self) -> None:
        """Tomorrow: logged out, in again, the chat found by a word of it."""
        self.page.context.clear_cookies()
        self.window.go("/")
        self.page.fill("[name=login]", "sari@example.org")
        self.page.fill("[name=password]", PASSWORD)
        self.press("button.primary")
        self.window.ready()
        if self.page.is_hidden("#sidebar"):
            self.press("[popovertarget=sidebar] >> visible=true")
        self.page.fill("#find-chats-words", "season")
        self.page.wait_for_selector("#announce:not(:empty)", state="attached")
        self.press(".session a")
        self.page.wait_for_selector(".prose >> text=In the dry season.")
        self.page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}/$"))
        self.open_the_source(".cite >> nth=0")


@pytest.mark.parametrize("size", SIZES, ids=["desktop", "phone"])
def test_five_tasks_of_a_stranger(
    visit: Callable[..., Any], play: Any, size: dict[str, Any]
) -> None:
    window = visit(**size)
    stranger = Stranger(window, play)
    stranger.sign_up()
    stranger.bring_material("palm-leaf books.pdf", PAGES, ready=1)
    stranger.find_the_page()
    stranger.correct_the_question()
    stranger.bring_material("more.pdf", ["Cords were made of palm fibre."], ready=1)
    if not stranger.has_fingers():  # in English
        soon(lambda: "for its chat only" in window.page.inner_text("#tray"))
    stranger.come_back()
    assert User.objects.get(email="sari@example.org").full_name == "Sari Dewi"
    window.clean()
