"""A question and its answer in one request."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import AsyncClient

from accounts.models import User
from chat.models import Message, Session
from chat.tests.fakes import Script, words
from llm.errors import llm_error
from llm.models import LanguageModel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Play = Callable[..., Script]
Ask = Callable[..., Any]


@pytest.fixture
def ask(model: LanguageModel) -> Ask:
    async def post(user: User, body: dict[str, Any], **headers: str) -> Any:
        client = AsyncClient()
        await client.aforce_login(user)
        return await client.post(
            "/api/v1/chat", body, content_type="application/json", headers=headers
        )

    return post


async def test_a_session_is_begun_and_continued(alice: User, ask: Ask, play: Play) -> None:
    play(*words("At 100 degrees."))
    first = (await ask(alice, {"prompt": "When does water boil?"})).json()
    assert first["message"]["content"] == "At 100 degrees."
    assert first["message"]["role"] == "assistant" and first["message"]["sources"] == []
    play(*words("Lower."))
    body = {"prompt": "And on a mountain?", "session_id": first["session_id"]}
    second = (await ask(alice, body)).json()
    assert second["session_id"] == first["session_id"]
    session = await Session.objects.aget()
    assert session.total_messages == 4 and session.title == "When does water boil?"


async def test_the_id_may_be_chosen_and_is_nobody_elses(
    alice: User, bob: User, ask: Ask, play: Play
) -> None:
    mine = str(uuid.uuid4())
    play(*words("Here."))
    assert (await ask(alice, {"prompt": "Hi?", "session_id": mine})).json()["session_id"] == mine
    refused = await ask(bob, {"prompt": "Hi?", "session_id": mine})
    assert refused.status_code == 404
    assert await Message.objects.acount() == 2 and await Session.objects.acount() == 1
    assert (await ask(alice, {"prompt": "Hi?", "session_id": "mine"})).status_code == 422


async def test_it_streams_with_the_session_first(alice: User, ask: Ask, play: Play) -> None:
    play(*words("Streamed words."))
    response = await ask(alice, {"prompt": "Hi?", "stream": True})
    raw = b"".join([piece async for piece in response.streaming_content]).decode()
    blocks = [block.splitlines() for block in raw.strip().split("\n\n")]
    session = await Session.objects.aget()
    assert blocks[0] == ["event: session", f'data: {{"session_id": "{session.pk}"}}']
    assert blocks[-1][1] == "event: done"
    assert json.loads(blocks[-1][2].removeprefix("data: "))["content"] == "Streamed words."


async def test_a_request_sent_twice_is_answered_once(alice: User, ask: Ask, play: Play) -> None:
    play(*words("Once."))
    asked = [await ask(alice, {"prompt": "Hi?"}, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert asked[0].json() == asked[1].json()
    other = await ask(alice, {"prompt": "Bye?"}, **{"Idempotency-Key": "k"})
    assert other.status_code == 422 and other.json()["code"] == "key_reused"
    assert await Session.objects.acount() == 1 and await Message.objects.acount() == 2


async def test_a_model_is_named_by_id_or_name(
    alice: User, ask: Ask, play: Play, model: LanguageModel
) -> None:
    other = await LanguageModel.objects.acreate(
        provider_id=model.provider_id, name="other", display_name="Other", order=9
    )
    for named in (str(other.pk), "other"):
        play(*words("Other here."))
        answer = (await ask(alice, {"prompt": "Who?", "model": named})).json()
        assert answer["message"]["model"]["id"] == str(other.pk)
    play(*words("Back."))
    body = {"prompt": "And now?", "session_id": answer["session_id"], "model": model.name}
    assert (await ask(alice, body)).json()["message"]["model"]["id"] == str(model.pk)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"prompt": "  "}, "empty_message"),
        ({"prompt": "Hi?", "model": "no such model"}, "unknown_model"),
        ({"prompt": "Hi?", "model": str(uuid.uuid4())}, "unknown_model"),
        ({"prompt": "Hi?", "web_search": True}, "no_web"),
        ({"prompt": "Hi?", "use_memory": True}, "no_memory"),
        ({"prompt": "Hi?", "attachments": ["x"]}, "invalid"),
        ({"prompt": "Hi?", "attachments": [{"filename": "x", "data": "#"}]}, "invalid_attachment"),
        ({"prompt": "Hi?", "attachments": [{"filename": "x", "data": "R0lGODlh"}]}, "no_vision"),
        ({"prompt": " ", "attachments": [{"filename": "x", "data": "YQ=="}]}, "empty_message"),
        ({"prompt": "Hi?", "mode": "shopping"}, "invalid"),
        ({"prompt": "Hi?", "unknown": 1}, "invalid"),
        ({}, "invalid"),
    ],
)
async def test_what_cannot_be_done_is_told_and_begins_nothing(
    alice: User, ask: Ask, body: dict[str, Any], code: str
) -> None:
    answer = await ask(alice, body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not await Session.objects.aexists()


async def test_a_failure_says_where_the_question_is(alice: User, ask: Ask, play: Play) -> None:
    play(llm_error("unavailable"))
    answer = await ask(alice, {"prompt": "Hi?"})
    session = await Session.objects.aget()
    assert answer.status_code == 502 and answer.json()["retryable"] is True
    assert answer.json()["session_id"] == str(session.pk)
    assert await Message.objects.filter(session=session, role="user").aexists()


async def test_a_closed_session_takes_no_question(alice: User, ask: Ask) -> None:
    session = await Session.objects.acreate(user=alice, status="COMPLETED")
    answer = await ask(alice, {"prompt": "Hi?", "session_id": str(session.pk)})
    assert (answer.status_code, answer.json()["code"]) == (409, "completed")
