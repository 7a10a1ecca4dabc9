"""The questions an empty chat offers."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from accounts.models import User
from chat import starting
from chat.assistants.services import create_assistant
from chat.tests.test_pages import boot_of
from documents.collections import create_collection
from documents.tests.test_headings import put

pytestmark = pytest.mark.django_db


def test_questions_of_each_kind(alice: User) -> None:
    put(alice, "a.md", ["Why fireflies glow", "Mangrove roots", "How do birds fly?"])
    asked = [row["text"] for row in starting.questions(alice)]
    assert asked == [
        "Explain “Why fireflies glow” in simple words.",
        "What is most important about “Mangrove roots”?",
        "How do birds fly?",
    ]


def test_material_without_headings_can_be_asked_all_the_same(alice: User, bob: User) -> None:
    assert starting.questions(alice) == []
    put(alice, "scan.pdf", ["", "12"])
    with translation.override("id"):
        assert [row["document"] for row in starting.questions(alice)] == [""]


def test_the_page_and_the_door_have_them(
    api: Callable[..., Any], alice: User, bob: User, admin: User
) -> None:
    shelf = create_collection(actor=admin, name="Class")
    put(admin, "class.md", ["Soot and ink"], collection=shelf)
    put(alice, "open.md", ["Mangrove roots"])
    tutor = create_assistant(actor=admin, name="Tutor", is_open=True, collections=[shelf.pk])
    page = api(alice).get("/").content.decode()
    assert "What is most important" not in page and "“Mangrove roots”" in page
    for person in (alice, bob):
        # An assistant opens no collection: its questions are of what the asker may read of it.
        rows = api(person).get("/api/v1/chat/questions", {"assistant_id": str(tutor.pk)}).json()
        assert rows == {"questions": []}
        rows = api(person).get("/api/v1/chat/questions").json()["questions"]
        assert "“Mangrove roots”" in rows[0]["text"]
    mine = api(admin).get("/api/v1/chat/questions", {"assistant_id": str(tutor.pk)}).json()
    assert mine["questions"][0] == {
        "text": "Explain “Soot and ink” in simple words.",
        "document": "class.md",
    }


def test_an_assistant_that_is_not_open(api: Callable[..., Any], bob: User, admin: User) -> None:
    closed = create_assistant(actor=admin, name="Closed")
    found = api(bob).get("/api/v1/chat/questions", {"assistant_id": str(closed.pk)})
    assert found.status_code == 404
    found = api(bob).get("/api/v1/chat/questions", {"assistant_id": "x"})
    assert found.status_code in {400, 422}


def test_the_first_chats_come_with_the_page(api: Callable[..., Any], alice: User) -> None:
    api(alice).post("/api/v1/chat/sessions", {"title": "Soot"})
    listed = api(alice).get("/api/v1/chat/sessions?archived=false").json()
    with_page = boot_of(api(alice).get("/"))["chats"]
    assert with_page["total"] == listed["total"] == 1
    assert with_page["sessions"][0].items() <= listed["sessions"][0].items()
