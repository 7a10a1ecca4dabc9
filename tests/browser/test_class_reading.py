"""A student sees who reads a chat before a word is written, and afterwards who read it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Group, User
from chat import reading
from chat.assistants.services import create_assistant
from chat.models import Assistant, Session
from core.testing import person
from llm.models import LanguageModel
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]


@pytest.fixture
def lecturer(product: str) -> User:
    user: User = person("lecturer", role="admin", full_name="Dr. Lestari")
    return user


@pytest.fixture
def assistant(lecturer: User) -> Assistant:
    made = create_assistant(
        actor=lecturer, name="Biology helper", model_id=LanguageModel.objects.get().pk
    )
    made.groups.add(Group.objects.create(name="Biology 1"))
    return made


def switch_on(lecturer: User) -> None:
    group = Group.objects.get()
    reading.set_lecturers(actor=lecturer, group_id=group.pk, lecturer_ids=[lecturer.pk])


def enter(alice_visits: Callable[..., Any], **options: Any) -> Any:
    window = alice_visits(**options)
    Group.objects.get().memberships.create(user=User.objects.get(email="alice@example.org"))
    window.page.reload()
    window.ready()
    return window


def test_the_line_stands_there_before_a_word_and_the_reading_afterwards(
    alice_visits: Callable[..., Any], play: Any, lecturer: User, assistant: Assistant
) -> None:
    switch_on(lecturer)
    window = enter(alice_visits, width=390, height=780)
    page = window.page
    assert page.is_hidden("#class-readers")
    page.select_option("#model", f"assistant:{assistant.pk}")
    page.wait_for_selector("#class-readers >> text=Dr. Lestari can read this chat")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    play(["By luciferin."])
    page.fill("#say", "Why does it glow?")
    page.click("#send")
    page.wait_for_selector(".answer .answer-foot")
    page.wait_for_selector("#class-readers >> text=for the class “Biology 1”")
    reading.read(
        actor=lecturer, group_id=Group.objects.get().pk, session_id=Session.objects.get().pk
    )
    page.click("#class-readers a")
    page.wait_for_selector("#opened >> text=Dr. Lestari, for the class “Biology 1”")
    window.clean()


def test_a_reading_begun_meanwhile_holds_the_question_back(
    alice_visits: Callable[..., Any], play: Any, lecturer: User, assistant: Assistant
) -> None:
    window = enter(alice_visits)
    page = window.page
    with page.expect_response("**/chat/readers?*"):
        page.select_option("#model", f"assistant:{assistant.pk}")
    assert page.is_hidden("#class-readers")
    switch_on(lecturer)
    page.fill("#say", "Something of my own")
    page.click("#send")
    page.wait_for_selector("#connection >> text=send your question again")
    page.wait_for_selector("#class-readers")
    soon(lambda: page.input_value("#say"), "Something of my own")
    assert Session.objects.get().total_messages == 0
    play(["An answer."])
    page.click("#send")
    page.wait_for_selector(".answer .answer-foot")
    window.clean()
