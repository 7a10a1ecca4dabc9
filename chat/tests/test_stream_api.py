"""Asking over HTTP: S1's events, JSON, resume, stop, retry, the same request twice."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import AsyncClient

from accounts.models import User
from chat import services
from chat.models import Message, Session
from chat.tests.fakes import Script, words
from llm.errors import llm_error
from llm.events import Completed, TextDelta
from llm.models import LanguageModel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Play = Callable[..., Script]


@pytest.fixture
def session(alice: User, model: LanguageModel) -> Session:
    return services.create_session(actor=alice)


async def client_of(user: User) -> AsyncClient:
    client = AsyncClient()
    await client.aforce_login(user)
    return client


async def post(client: AsyncClient, path: str, body: Any = None, **headers: str) -> Any:
    return await client.post(
        f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers
    )


async def stream_of(response: Any) -> list[tuple[int, str, dict[str, Any]]]:
    """[(id, event, data)] of a text/event-stream."""
    assert response.headers["Content-Type"].startswith("text/event-stream")
    raw = b"".join([piece async for piece in response.streaming_content]).decode()
    events = []
    for block in raw.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields:
            events.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return events


async def test_the_contract_of_s1_event_by_event(alice: User, session: Session, play: Play) -> None:
    play(*words("Water boils at 100 degrees."))
    response = await post(
        await client_of(alice), f"chat/sessions/{session.pk}/messages", {"message": "When?"}
    )
    events = await stream_of(response)
    names = [name for _, name, _ in events]
    assert names[0] == "user_message" and names[-1] == "done"
    assert set(names[1:-1]) == {"chunk"}
    assert {"role", "content", "created_at"} <= set(events[0][2])
    text = "".join(data["content"] for _, name, data in events if name == "chunk")
    assert text.strip() == events[-1][2]["content"] == "Water boils at 100 degrees."
    assert events[-1][2]["role"] == "assistant" and events[-1][2]["sources"] == []


async def test_an_error_is_the_last_event_and_can_be_retried(
    alice: User, session: Session, play: Play
) -> None:
    client = await client_of(alice)
    play(llm_error("unavailable"))
    response = await post(client, f"chat/sessions/{session.pk}/messages", {"message": "When?"})
    events = await stream_of(response)
    assert events[-1][1] == "error"
    assert events[-1][2]["code"] == "unavailable" and events[-1][2]["retryable"] is True
    play(*words("Now it works."))
    failed = await Message.objects.aget(role="assistant")
    again = await stream_of(await post(client, f"chat/messages/{failed.pk}/retry"))
    assert again[-1][1] == "done" and again[-1][2]["content"] == "Now it works."


async def test_json_for_who_asks_for_json(alice: User, session: Session, play: Play) -> None:
    client = await client_of(alice)
    play(*words("One answer."))
    path = f"chat/sessions/{session.pk}/messages"
    response = await post(client, path, {"message": "Once?"}, accept="application/json")
    assert response.json()["message"]["content"] == "One answer."
    response = await post(client, path, {"message": "Twice?", "stream": False})
    assert response.json()["message"]["content"] == "One answer."


async def test_resume_over_http(alice: User, session: Session, play: Play) -> None:
    client = await client_of(alice)
    gate = asyncio.Event()
    gate.set()
    play(TextDelta("one "), gate, TextDelta("two"), Completed())
    whole = await stream_of(
        await post(client, f"chat/sessions/{session.pk}/messages", {"message": "Count"})
    )
    for number, _, _ in whole[:-1]:
        rest = await stream_of(
            await client.get(f"/api/v1/chat/sessions/{session.pk}/events?after={number}")
        )
        assert rest == [event for event in whole if event[0] > number]


async def test_the_same_request_twice_is_one_message(
    alice: User, session: Session, play: Play
) -> None:
    script = play(*words("Only once."))
    client = await client_of(alice)
    path = f"chat/sessions/{session.pk}/messages"
    key = {"idempotency-key": "k1"}
    both = await asyncio.gather(
        *(post(client, path, {"message": "Hello"}, **key) for _ in range(5))
    )
    answers = [await stream_of(response) for response in both]
    assert all(answer == answers[0] for answer in answers)
    assert len(script.requests) == 1
    assert await Message.objects.acount() == 2
    other = await post(client, path, {"message": "Different"}, **key)
    assert other.status_code == 422 and other.json()["code"] == "key_reused"


async def test_stop_over_http(alice: User, session: Session, play: Play) -> None:
    play(TextDelta("Endless"), asyncio.Event())
    client = await client_of(alice)
    response = await post(client, f"chat/sessions/{session.pk}/messages", {"message": "Go"})
    stopped = await post(client, f"chat/sessions/{session.pk}/stop")
    assert stopped.json() == {"stopped": True}
    assert (await stream_of(response))[-1][2]["status"] == "stopped"
    assert (await post(client, f"chat/sessions/{session.pk}/stop")).json() == {"stopped": False}


async def test_classmate_and_stranger_find_nothing(
    alice: User, bob: User, charlie: User, admin: User, session: Session, play: Play
) -> None:
    """Open WebUI CVE-2026-45349, CVE-2025-63681, CVE-2026-45399, LibreChat CVE-2026-31950, Onyx
    CVE-2026-42276."""
    play(*words("secret"))
    done = await stream_of(
        await post(await client_of(alice), f"chat/sessions/{session.pk}/messages", {"message": "x"})
    )
    answer = done[-1][2]["id"]
    for user in (bob, charlie, admin):
        client = await client_of(user)
        refused = [
            await post(client, f"chat/sessions/{session.pk}/messages", {"message": "mine now"}),
            await post(client, f"chat/sessions/{session.pk}/stop"),
            await post(client, f"chat/messages/{answer}/retry"),
            await client.get(f"/api/v1/chat/sessions/{session.pk}/events"),
        ]
        for response in refused:
            assert response.status_code == 404
            assert response.json()["code"] == "not_found"
            assert "secret" not in response.content.decode()
    anonymous = AsyncClient()
    response = await post(anonymous, f"chat/sessions/{session.pk}/messages", {"message": "x"})
    assert response.status_code == 401
    assert await Message.objects.acount() == 2


@pytest.mark.parametrize(
    "body",
    [{}, {"message": ""}, {"message": 5}, {"message": "x" * 100_001}, {"message": None},
     {"message": "x", "user_id": "me"}],
)  # fmt: skip
async def test_bad_bodies_are_named(body: Any, alice: User, session: Session, play: Play) -> None:
    response = await post(await client_of(alice), f"chat/sessions/{session.pk}/messages", body)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["detail"]


async def test_a_closed_account_does_not_read_on(
    alice: User, session: Session, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open WebUI CVE-2026-44553 on a stream."""
    monkeypatch.setattr("accounts.watching.WATCH_SECONDS", 0.02)
    gate = asyncio.Event()
    play(TextDelta("before "), gate, TextDelta("after"), Completed())
    response = await post(
        await client_of(alice), f"chat/sessions/{session.pk}/messages", {"message": "Go"}
    )
    await User.objects.filter(pk=alice.pk).aupdate(is_active=False)
    events = await stream_of(response)
    gate.set()
    assert "after" not in str(events) and events[-1][1] != "done"
