"""Questions asked faster than the limit has it: said in the conversation, and nothing is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts import limits
from accounts.models import Limit, User
from tests.browser.test_branches import change, questions
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]
WORDS = {
    "en-GB": "That was more than is allowed in so short a time. Try again in",
    "id-ID": "Itu lebih banyak daripada yang diizinkan dalam waktu sesingkat ini. Coba lagi dalam",
}


@pytest.fixture
def one_question(product: str) -> Iterator[None]:
    """One in an hour: it cannot be allowed again while the test runs."""
    Limit.objects.create(action="chat", per_user="1/h")
    limits.forget_kept()
    yield
    limits.forget_kept()


@pytest.mark.parametrize("look", [("en-GB", 1280, "light"), ("id-ID", 390, "dark")], ids=str)
def test_it_says_when_and_keeps_the_draft(
    one_question: None, alice_visits: Callable[..., Any], play: Any, look: tuple[str, int, str]
) -> None:
    locale, width, scheme = look
    window = alice_visits(locale=locale, width=width, color_scheme=scheme)
    page = window.page
    User.objects.update(language=locale[:2])
    window.go("/chat/")
    window.ready()
    play(["The first answer."])
    window.ask("First?")
    window.has(".answer-foot", 1)
    window.ask("Second, and longer?")
    page.wait_for_selector(f"#connection >> text={WORDS[locale]}")
    assert "60" in page.inner_text("#connection") or "59" in page.inner_text("#connection")
    soon(lambda: page.input_value("#say"), "Second, and longer?")
    soon(lambda: [words.endswith("First?") for words in questions(window)], [True])
    page.wait_for_selector("#send[data-does=send]:enabled")
    # The draft is still there tomorrow, and goes through once that is allowed.
    page.reload()
    window.has(".answer-foot", 1)
    soon(lambda: page.input_value("#say"), "Second, and longer?")
    Limit.objects.all().delete()
    limits.forget_kept()
    play(["The second answer."])
    page.click("#send")
    window.has(".answer-foot", 2)
    soon(lambda: page.input_value("#say"), "")
    window.clean()


def test_an_edit_over_the_limit_stays_in_its_box(
    one_question: None, alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page = window.page
    play(["The first answer."])
    window.ask("First?")
    window.has(".answer-foot", 1)
    change(window, "In other words?")
    page.wait_for_selector(f"#connection >> text={WORDS['en-GB']}")
    page.wait_for_selector(".question-edit textarea")
    soon(lambda: page.input_value(".question-edit textarea"), "In other words?")
    page.wait_for_selector(".answer .prose >> text=The first answer.")
    assert User.objects.get().chat_sessions.get().messages.count() == 2
    window.clean()
