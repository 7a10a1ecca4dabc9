"""A lecturer reads the chats of a class, and its student sees it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Group, User
from chat import reading
from chat.assistants.services import create_assistant
from chat.services import create_session
from core.testing import person
from llm.models import LanguageModel
from tests.world import say

pytestmark = [pytest.mark.browser]


@pytest.fixture
def lecturer(product: str) -> User:
    user: User = person("lestari", role="admin", full_name="Dr. Lestari")
    return user


def begin(lecturer: User) -> None:
    """A class that says its lecturer reads, and a chat of alice that was begun then."""
    alice = person("alice", full_name="Alice Wijaya")
    group = Group.objects.create(name="Biology 1")
    group.memberships.create(user=alice)
    assistant = create_assistant(
        actor=lecturer, name="Biology helper", model_id=LanguageModel.objects.get().pk
    )
    assistant.groups.add(group)
    reading.set_lecturers(actor=lecturer, group_id=group.pk, lecturer_ids=[lecturer.pk])
    session = create_session(actor=alice, title="Why it glows", assistant_id=assistant.pk)
    say(session)


@pytest.mark.parametrize("width", [1280, 390])
def test_from_the_classes_to_one_chat(
    visit: Callable[..., Any], lecturer: User, width: int
) -> None:
    begin(lecturer)
    window = visit(width=width)
    page = window.page
    window.sign_in("lestari@example.org")
    window.go("/classes/")
    page.click("text=Biology 1")
    page.wait_for_selector("text=Alice Wijaya")
    page.fill("[type=search]", "nobody")
    page.press("[type=search]", "Enter")
    page.wait_for_selector("text=No chat has these words")
    page.fill("[type=search]", "alice")
    page.press("[type=search]", "Enter")
    page.click("text=Why it glows")
    page.wait_for_selector("text=Alice Wijaya wrote this chat and sees that you opened it")
    page.wait_for_selector(".answer .prose > div:not(.as-written)")
    page.wait_for_selector(".source")
    page.click(".cite >> nth=0")
    page.wait_for_selector(".source:focus")
    assert page.locator("textarea").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width
    opened = reading.readings_of_mine(User.objects.get(email="alice@example.org"))
    assert [(row.reader_name, row.group_name) for row in opened] == [("Dr. Lestari", "Biology 1")]
    window.clean()


def test_who_reads_no_class_is_told_how(visit: Callable[..., Any], lecturer: User) -> None:
    window = visit()
    window.sign_in("lestari@example.org")
    window.page.click(".account")
    window.page.click("text=Chats of my classes")
    window.page.wait_for_selector("text=You are not named as a reader of any class")
    window.clean()
