"""chat/sessions/{id}/messages, events, stop, retry, feedback and POST chat: asking."""

import base64
import json

import pytest
from django.test import AsyncClient

from chat import services
from chat.models import Session
from chat.tests.fakes import model, play, words
from core.ids import new_id
from llm.errors import llm_error

__all__ = ["model", "play"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
SESSIONS = "/api/v1/chat/sessions"
SOURCE_OF_S1 = {"document_id", "filename", "page", "similarity_score"}


@pytest.fixture
def session(alice, model):
    return services.create_session(actor=alice)


async def client_of(user):
    client = AsyncClient()
    await client.aforce_login(user)
    return client


async def post(client, path, body=None, **headers):
    return await client.post(path, body or {}, content_type="application/json", headers=headers)


async def events(answer):
    """[(id, event, data)] of a text/event-stream."""
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    raw = b"".join([piece async for piece in answer.streaming_content]).decode()
    found = []
    for block in raw.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields:
            found.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
    return found


def is_problem(answer, status, code):
    body = json.loads(answer.content)
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.headers["Content-Type"] == "application/problem+json" and body["detail"]


async def test_the_events_of_an_answer(alice, session, play):
    play(*words("Water boils at 100 degrees."))
    client = await client_of(alice)
    path = f"{SESSIONS}/{session.pk}/messages"
    found = await events(await post(client, path, {"message": "When?"}))
    names = [name for _id, name, _data in found]
    assert (names[0], names[-1], set(names[1:-1])) == ("user_message", "done", {"chunk"})
    asked, done = found[0][2], found[-1][2]
    assert asked.keys() >= {"role", "content", "created_at"}
    assert (asked["role"], asked["content"]) == ("user", "When?")
    assert all(data.keys() == {"content"} for _id, name, data in found if name == "chunk")
    assert done.keys() >= {"role", "content", "sources"} and done["role"] == "assistant"
    said = "".join(data["content"] for _id, name, data in found if name == "chunk")
    assert said.strip() == done["content"]
    numbers = [int(number) for number, _name, _data in found]
    assert numbers == sorted(set(numbers)) and numbers[0] >= 1


async def test_resuming_after_a_number_and_stopping_what_has_ended(alice, bob, session, play):
    play(*words("One two three."))
    client = await client_of(alice)
    path = f"{SESSIONS}/{session.pk}"
    whole = await events(await post(client, f"{path}/messages", {"message": "Count?"}))
    after = whole[1][0]
    rest = await events(await client.get(f"{path}/events?after={after}"))
    assert rest == whole[2:]
    stopped = await post(client, f"{path}/stop")
    assert (stopped.status_code, stopped.json()) == (200, {"stopped": False})
    other = await client_of(bob)
    is_problem(await other.get(f"{path}/events"), 404, "not_found")
    is_problem(await post(other, f"{path}/stop"), 404, "not_found")
    is_problem(await post(other, f"{path}/messages", {"message": "x"}), 404, "not_found")


async def test_an_answer_as_json(alice, session, play):
    play(*words("One answer."))
    client = await client_of(alice)
    path = f"{SESSIONS}/{session.pk}/messages"
    answer = await post(client, path, {"message": "Once?"}, accept="application/json")
    assert answer.json().keys() == {"message", "sources"}
    assert answer.json()["message"]["content"] == "One answer."


async def test_what_cannot_be_asked(alice, session, play):
    client = await client_of(alice)
    path = f"{SESSIONS}/{session.pk}/messages"
    is_problem(await post(client, path, {"message": "  "}), 422, "empty_message")
    is_problem(await post(client, path, {}), 422, "invalid")
    is_problem(await post(client, path, {"message": "x", "model": "y"}), 422, "invalid")
    nowhere = f"{SESSIONS}/{new_id()}/messages"
    is_problem(await post(client, nowhere, {"message": "x"}), 404, "not_found")
    nobody = AsyncClient()
    is_problem(await post(nobody, path, {"message": "x"}), 401, "not_authenticated")


async def test_an_error_in_the_stream_retry_and_feedback(alice, bob, session, play):
    play(llm_error("unavailable"))
    client = await client_of(alice)
    path = f"{SESSIONS}/{session.pk}"
    found = await events(await post(client, f"{path}/messages", {"message": "When?"}))
    assert found[-1][1] == "error"
    assert found[-1][2].keys() >= {"code", "message", "retryable"}
    failed = (await client.get(path)).json()["messages"][-1]
    play(*words("Now it works."))
    again = f"/api/v1/chat/messages/{failed['id']}"
    done = (await events(await post(client, f"{again}/retry")))[-1]
    assert (done[1], done[2]["content"]) == ("done", "Now it works.")
    rated = f"/api/v1/chat/messages/{done[2]['id']}/feedback"
    given = await post(client, rated, {"value": -1, "reason": "Too short"})
    assert (given.status_code, given.json()) == (200, {"value": -1, "reason": "Too short"})
    is_problem(await post(client, rated, {"value": 2}), 422, "invalid")
    is_problem(await post(await client_of(bob), rated, {"value": 1}), 404, "not_found")
    assert (await client.delete(rated)).status_code == 204


async def test_one_shot(alice, bob, model, play):
    play(*words("At 100 degrees."))
    client = await client_of(alice)
    mine = str(new_id())
    answer = await post(client, "/api/v1/chat", {"prompt": "When?", "session_id": mine})
    assert answer.status_code == 200 and answer.json().keys() == {"session_id", "message"}
    assert answer.json()["session_id"] == mine
    assert answer.json()["message"]["content"] == "At 100 degrees."
    found = await events(await post(client, "/api/v1/chat", {"prompt": "And?", "stream": True}))
    assert found[0][1] == "session" and found[-1][1] == "done"
    other = await post(await client_of(bob), "/api/v1/chat", {"prompt": "x", "session_id": mine})
    is_problem(other, 404, "not_found")
    answer = await post(client, "/api/v1/chat", {"prompt": 7, "mode": "x", "session_id": "y"})
    told = {row["field"]: row["message"] for row in answer.json()["errors"]}
    assert told["prompt"] == "Give a text." and told["mode"] == "Give one of these: chat."
    assert told["session_id"].startswith("Give an id")
    for body, code in (
        ({}, "invalid"),
        ({"prompt": " "}, "empty_message"),
        ({"prompt": "x", "model": "none"}, "unknown_model"),
        ({"prompt": "x", "assistant": "none"}, "unknown_assistant"),
        ({"prompt": "x", "mode": "shopping"}, "invalid"),
        ({"prompt": "x", "web_search": True}, "no_web"),
        ({"prompt": "x", "use_memory": True}, "no_memory"),
        ({"prompt": "x", "temperature": 1}, "invalid"),
    ):
        is_problem(await post(client, "/api/v1/chat", body), 422, code)


async def test_the_same_question_twice_is_asked_once(alice, session, play):
    play(*words("Once."))
    client = await client_of(alice)
    path, key = f"{SESSIONS}/{session.pk}/messages", {"idempotency-key": "k"}
    first = await events(await post(client, path, {"message": "Why?"}, **key))
    second = await events(await post(client, path, {"message": "Why?"}, **key))
    assert first == second
    other = await post(client, path, {"message": "Other?"}, **key)
    assert other.status_code == 422
    detail = (await client.get(f"{SESSIONS}/{session.pk}")).json()
    assert detail["total_messages"] == 2


async def test_a_question_may_hold_two_pictures_of_ten_megabytes(alice, model):
    """It is the pictures that are looked at, not how long the body is; until it is too long."""
    client = await client_of(alice)
    data = base64.b64encode(b"GIF89a" + bytes(10 * 1024 * 1024 - 6)).decode()
    body = {"prompt": "Which?", "attachments": [{"filename": "a.gif", "data": data}] * 2}
    is_problem(await post(client, "/api/v1/chat", body), 422, "no_vision")
    body["attachments"].append(body["attachments"][0])
    answer = await post(client, "/api/v1/chat", body)
    is_problem(answer, 413, "too_large")
    assert "28 MB" in answer.json()["detail"]
    assert not await Session.objects.aexists()
