"""The chat socket as a browser uses it, over the real ASGI application."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from accounts.models import User
from chat import services
from chat.models import Message, Session
from chat.tests.fakes import Script, said, words
from config.asgi import application
from core.db import in_thread
from llm.events import Completed, TextDelta
from llm.models import LanguageModel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Play = Callable[..., Script]


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


async def connect(user: User, session: Session, origin: str = "http://testserver") -> Any:
    headers = [
        (b"host", b"testserver"),
        (b"origin", origin.encode()),
        (b"cookie", (await in_thread(cookie_of, user)).encode()),
    ]
    return WebsocketCommunicator(application, f"/ws/chat/{session.pk}/", headers=headers)


async def opened(user: User, session: Session) -> Any:
    socket = await connect(user, session)
    connected, _ = await socket.connect()
    assert connected
    assert (await socket.receive_json_from())["type"] == "ready"
    return socket


async def until_saved(socket: Any) -> list[dict[str, Any]]:
    events = []
    while not events or events[-1]["type"] != "message_saved":
        events.append(await socket.receive_json_from(timeout=5))
    return events


@pytest.fixture
def session(alice: User, model: LanguageModel) -> Session:
    return services.create_session(actor=alice)


async def test_a_question_is_answered_event_by_event(
    alice: User, session: Session, play: Play
) -> None:
    play(*words("Two plus two is four."))
    socket = await opened(alice, session)
    await socket.send_json_to({"type": "message", "message": "What is 2 + 2?"})
    events = await until_saved(socket)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert said(events).strip() == "Two plus two is four."
    await socket.disconnect()


async def test_stop_is_heard_while_the_answer_streams(
    alice: User, session: Session, play: Play
) -> None:
    script = play(TextDelta("Once upon "), asyncio.Event())
    socket = await opened(alice, session)
    await socket.send_json_to({"type": "message", "message": "A story"})
    while (await socket.receive_json_from(timeout=5))["type"] != "stream_chunk":
        pass
    await socket.send_json_to({"type": "stop"})
    assert (await until_saved(socket))[-1]["message"]["status"] == "stopped"
    assert script.closed == 1
    await socket.disconnect()


async def test_leaving_does_not_stop_and_coming_back_misses_nothing(
    alice: User, session: Session, play: Play
) -> None:
    gate = asyncio.Event()
    play(TextDelta("one "), TextDelta("two "), gate, TextDelta("three"), Completed())
    socket = await opened(alice, session)
    await socket.send_json_to({"type": "message", "message": "Count"})
    seen = []
    while not seen or seen[-1]["type"] != "stream_chunk":
        seen.append(await socket.receive_json_from(timeout=5))
    await socket.disconnect()

    back = await connect(alice, session)
    await back.connect()
    ready = await back.receive_json_from()
    running = ready["generation"]
    await back.send_json_to(
        {"type": "resume", "generation_id": running["generation_id"], "after": seen[-1]["seq"]}
    )
    gate.set()
    rest = await until_saved(back)
    assert [event["seq"] for event in seen + rest] == list(range(1, len(seen + rest) + 1))
    assert said(seen + rest) == "one two three"
    answer = await Message.objects.aget(role="assistant")
    assert (answer.content, answer.status) == ("one two three", "complete")
    await back.disconnect()


async def test_a_second_tab_sees_the_same_answer(alice: User, session: Session, play: Play) -> None:
    play(*words("For both of you."))
    first, second = await opened(alice, session), await opened(alice, session)
    await first.send_json_to({"type": "message", "message": "Hello"})
    assert await until_saved(first) == await until_saved(second)
    await first.disconnect()
    await second.disconnect()


async def test_a_message_sent_again_after_a_lost_connection_is_one_message(
    alice: User, session: Session, play: Play
) -> None:
    script = play(*words("Once."))
    question = {"type": "message", "message": "Hello", "client_id": "abc"}
    first = await opened(alice, session)
    await first.send_json_to(question)
    before = await until_saved(first)
    await first.disconnect()
    second = await opened(alice, session)
    await second.send_json_to(question)
    assert await until_saved(second) == before
    assert len(script.requests) == 1 and await Message.objects.acount() == 2
    await second.disconnect()


@pytest.mark.parametrize("frame", [" ", "[]", "{", "null", '{"type": "x"}', '{"type": ["stop"]}',
                                   '{"type": "message", "message": {"$ne": 1}}',
                                   '{"type": "message", "message": "  "}',
                                   '{"type": "resume", "after": -1}',
                                   '{"type": "resume", "after": true}',
                                   '{"type": "resume", "generation_id": "note_1", "after": 0}',
                                   "[" * 100_000])  # fmt: skip
async def test_a_bad_frame_gets_a_sentence_and_the_socket_lives(
    frame: str, alice: User, session: Session, play: Play
) -> None:
    play(*words("Still here."))
    socket = await opened(alice, session)
    await socket.send_to(text_data=frame)
    refused = await socket.receive_json_from(timeout=5)
    assert refused["type"] == "error" and refused["message"]
    await socket.send_json_to({"type": "message", "message": "Are you there?"})
    assert said(await until_saved(socket)).strip() == "Still here."
    await socket.disconnect()


async def test_nobody_else_gets_in(alice: User, bob: User, charlie: User, session: Session) -> None:
    for stranger in (bob, charlie):
        socket = await connect(stranger, session)
        await socket.connect()
        assert (await socket.receive_output())["code"] == 4404
    for origin in ("http://evil.example", "null"):
        foreign = await connect(alice, session, origin)
        connected, _ = await foreign.connect()
        assert not connected


async def test_bob_cannot_resume_alices_answer_through_his_own_chat(
    alice: User, bob: User, session: Session, play: Play
) -> None:
    """LibreChat CVE-2026-31950: a stream by its id."""
    play(TextDelta("secret"), asyncio.Event())
    mine = await in_thread(services.create_session, actor=bob)
    socket = await opened(alice, session)
    await socket.send_json_to({"type": "message", "message": "Mine"})
    first = await socket.receive_json_from(timeout=5)
    theirs = await opened(bob, mine)
    await theirs.send_json_to(
        {"type": "resume", "generation_id": first["generation_id"], "after": 0}
    )
    refused = await theirs.receive_json_from(timeout=5)
    assert refused["code"] == "not_found"
    assert "secret" not in json.dumps(refused)
    await socket.send_json_to({"type": "stop"})
    await until_saved(socket)
    await socket.disconnect()
    await theirs.disconnect()
