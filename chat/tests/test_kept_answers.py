"""An administrator keeps the right answer to what a student asked."""

from typing import Any

import pytest

from accounts.models import User
from chat import services
from chat.models import Message, Session
from core.ids import new_id
from documents.knowledge.models import KnowledgeEntry
from documents.tests.conftest import sent

__all__ = ["sent"]
pytestmark = pytest.mark.django_db
ANSWER = {"answer": "On 3 June, in room B2.", "category": "Exam", "tags": ["date"]}


def exchange(owner: User, question: str = "When is\n the exam?") -> tuple[Message, Message]:
    session: Session = services.create_session(actor=owner)
    asked = Message.objects.create(session=session, position=1, role="user", content=question)
    answer = Message.objects.create(
        session=session, position=2, role="assistant", parent=asked, content="In May."
    )
    return asked, answer


def post(client: Any, message_id: Any, body: Any = None) -> Any:
    return client.post(f"/api/v1/knowledge/from-message/{message_id}", body or ANSWER)


def test_an_admin_keeps_an_answer_to_a_students_question(
    alice: User, admin: User, api: Any, sent: list[str]
) -> None:
    _, answer = exchange(alice)
    made = post(api(admin), answer.pk)
    assert made.status_code == 201
    entry = KnowledgeEntry.objects.get()
    assert made.json()["id"] == str(entry.pk)
    assert (entry.question, entry.answer) == ("When is the exam?", ANSWER["answer"])
    assert (entry.category, entry.tags, entry.created_by) == ("Exam", ["date"], admin)
    answer.refresh_from_db()
    assert answer.content == "In May.", "the chat stays as it was"
    again = post(api(admin), answer.pk)
    assert (again.status_code, again.json()["code"]) == (409, "same_question")


def test_students_may_not_whoever_asked(
    alice: User, bob: User, charlie: User, api: Any, sent: list[str]
) -> None:
    _, answer = exchange(alice)
    for person in (alice, bob, charlie):
        known, unknown = post(api(person), answer.pk), post(api(person), new_id())
        assert known.status_code == unknown.status_code == 403
        assert known.content == unknown.content
    assert not KnowledgeEntry.objects.exists()


def test_what_is_no_answer_is_a_sentence(alice: User, admin: User, api: Any) -> None:
    asked, _ = exchange(alice)
    assert post(api(admin), new_id()).status_code == 404
    _, endless = exchange(alice, "why " * 400)
    for message in (asked, endless):
        refused = post(api(admin), message.pk)
        assert refused.status_code == 422 and refused.json()["detail"].endswith(".")
    _, answer = exchange(alice, "Where?")
    assert post(api(admin), answer.pk, {"answer": " "}).status_code == 422
    assert post(api(admin), answer.pk, {"answer": "?!"}).status_code == 422
    assert not KnowledgeEntry.objects.exists()
