"""Thumbs up and down."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat import services
from chat.models import Feedback, Generation, Message
from llm.models import LanguageModel

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer(alice: User, model: LanguageModel) -> Message:
    session = services.create_session(actor=alice)
    generation: Generation = services.post_message(
        actor=alice, session_id=session.pk, text="Why is the sky blue?"
    )
    return generation.answer


def address(message: Message) -> str:
    return f"/api/v1/chat/messages/{message.pk}/feedback"


def test_it_is_kept_changed_and_taken_back(
    api: Callable[..., Any], alice: User, answer: Message
) -> None:
    client, chat = api(alice), f"/api/v1/chat/sessions/{answer.session_id}"
    assert client.get(chat).json()["messages"][1]["feedback"] is None
    first = client.post(address(answer), {"value": -1, "reason": " Page 3 says green. "})
    assert first.json() == {"value": -1, "reason": "Page 3 says green."}
    assert client.get(chat).json()["messages"][1]["feedback"] == first.json()
    assert client.post(address(answer), {"value": 1}).json() == {"value": 1, "reason": ""}
    assert Feedback.objects.count() == 1
    for _ in range(2):
        assert client.delete(address(answer)).status_code == 204
    assert client.get(chat).json()["messages"][1]["feedback"] is None


@pytest.mark.parametrize(
    "body", [{}, {"value": 0}, {"value": 2}, {"value": "good"}, {"value": 1, "user": "x"}]
)
def test_only_up_or_down(
    api: Callable[..., Any], alice: User, answer: Message, body: dict[str, Any]
) -> None:
    assert api(alice).post(address(answer), body).status_code == 422
    assert not Feedback.objects.exists()


def test_only_answers_and_only_my_own(
    api: Callable[..., Any], alice: User, bob: User, admin: User, answer: Message
) -> None:
    assert answer.parent is not None
    assert api(alice).post(address(answer.parent), {"value": 1}).status_code == 422
    for other in (bob, admin):
        assert api(other).post(address(answer), {"value": 1}).status_code == 404
        assert api(other).delete(address(answer)).status_code == 404
    assert not Feedback.objects.exists()


def test_admins_find_what_was_said(client: Any, admin: User, alice: User, answer: Message) -> None:
    Feedback.objects.create(message=answer, value=-1, reason="Wrong page")
    client.force_login(admin)
    page = client.get("/admin/chat/feedback/?q=wrong").content.decode()
    assert "Wrong page" in page
