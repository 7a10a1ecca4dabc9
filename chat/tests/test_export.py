"""Chats found by their words, and taken along as files."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat import services
from chat.models import Citation, Message, Session
from llm.models import LanguageModel

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(alice: User, model: LanguageModel) -> Session:
    made = services.create_session(actor=alice, title="Sky / 天空: why?\n# not a heading")
    answer = services.post_message(
        actor=alice, session_id=made.pk, text="Why is the *sky* blue?"
    ).answer
    Message.objects.filter(pk=answer.pk).update(content="It scatters [1].", status="complete")
    for number, cited in ((1, True), (2, False)):
        Citation.objects.create(
            message=answer,
            number=number,
            document_name=f"light {number}.pdf",
            page=4,
            page_label="iv",
            excerpt="Short waves\n# scatter more.",
            cited=cited,
        )
    made.refresh_from_db()
    return made


def address(session: Session, how: str = "") -> str:
    return f"/api/v1/chat/sessions/{session.pk}/export{how}"


def test_markdown_reads_as_the_chat_did(
    api: Callable[..., Any], alice: User, session: Session
) -> None:
    answer = api(alice).get(address(session))
    text = answer.content.decode()
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads[0] == "# Sky / 天空: why? # not a heading"
    assert [head.split(" · ")[0] for head in heads[1:]] == ["## Question", "## Answer"]
    assert "Why is the *sky* blue?" in text and "It scatters [1]." in text
    assert "- [1] light 1.pdf, page iv\n  > Short waves # scatter more." in text
    assert "light 2.pdf" not in text, "found, not cited"
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''Sky")


def test_json_is_the_contracts_shape(
    api: Callable[..., Any], alice: User, session: Session
) -> None:
    client = api(alice)
    shown = client.get(f"/api/v1/chat/sessions/{session.pk}").json()
    taken = client.get(address(session, "?as=json")).json()
    assert taken.pop("exported_at")
    assert [row["id"] for row in taken.pop("all_messages")] == [r["id"] for r in shown["messages"]]
    assert taken == shown
    assert client.get(address(session, "?as=docx")).status_code == 422


def test_a_chat_is_taken_along_by_its_owner_alone(
    api: Callable[..., Any], bob: User, admin: User, session: Session
) -> None:
    for other in (bob, admin):
        assert api(other).get(address(session)).status_code == 404


def test_chats_are_found_by_all_their_words(
    api: Callable[..., Any], alice: User, bob: User, session: Session
) -> None:
    other = services.create_session(actor=alice, title="Blue whales")
    services.create_session(actor=bob, title="Sky of bob")

    def found(words: str) -> set[str]:
        rows = api(alice).get("/api/v1/chat/sessions", {"search": words}).json()["sessions"]
        return {row["id"] for row in rows}

    mine = {str(session.pk), str(other.pk)}
    assert found("blue") == mine == found("")
    assert found("SKY blue") == found("天空") == found("scatters") == {str(session.pk)}
    assert found("sky whales") == found("100%") == found("_") == set()
