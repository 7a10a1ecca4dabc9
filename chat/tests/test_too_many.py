"""Too many questions and uploads: every door says so, and when to come back; none slips past."""

import asyncio
import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.client import MULTIPART_CONTENT, encode_multipart

from accounts import limits
from accounts.models import Limit, User
from chat.models import Message, Session
from chat.tests.fakes import words
from chat.tests.test_socket import opened
from chat.tests.test_stream_api import Play, client_of, post
from core.errors import TooMany
from core.testing import unique_address
from documents import tasks
from documents.models import Document
from llm.models import LanguageModel
from tests.world import World, build

pytestmark = pytest.mark.django_db(transaction=True)
SENTENCE = "That was more than is allowed in so short a time. Try again in "


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tasks, "enqueue", lambda document_id, **rest: None)
    limits.forget_kept()
    yield
    limits.forget_kept()


@pytest.fixture
def world(alice: User, model: LanguageModel) -> World:
    made = build(alice)
    Limit.objects.create(action="chat", per_user="0/m")
    Limit.objects.create(action="upload", per_user="0/h")
    limits.forget_kept()
    return made


def told(answer: Any, most: int = 60) -> str:
    """The sentence of a refusal in the words of its own API, checked in every part."""
    assert answer.status_code == 429, answer.content
    assert 0 < int(answer.headers["Retry-After"]) <= most
    body = answer.json()
    if "error" in body:
        assert answer.headers["Content-Type"] == "application/json"
        assert set(body["error"]) == {"message", "type", "param", "code"}
        assert body["error"]["type"] == "requests"
        return str(body["error"]["message"])
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (body["status"], body["code"]) == (429, "too_many")
    return str(body["detail"])


ASKED: list[tuple[str, Any, str]] = [
    ("api/v1/chat/sessions/{session}/messages", {"message": "Why?"}, "application/json"),
    ("api/v1/chat/sessions/{session}/messages", {"message": "Why?"}, "text/event-stream"),
    ("api/v1/chat/messages/{message}/retry", {}, "application/json"),
    ("api/v1/chat/messages/{question}/edit", {"message": "Why?"}, "text/event-stream"),
    ("api/v1/chat", {"prompt": "Why?"}, "application/json"),
    ("api/v1/chat", {"prompt": "Why?", "stream": True}, "text/event-stream"),
    (
        "v1/chat/completions",
        {"model": "quotes", "messages": [{"role": "user", "content": "Why?"}]},
        "application/json",
    ),
    (
        "v1/chat/completions",
        {"model": "quotes", "stream": True, "messages": [{"role": "user", "content": "Why?"}]},
        "text/event-stream",
    ),
    ("v1/embeddings", {"model": "x", "input": "Why?"}, "application/json"),
]


@pytest.mark.parametrize(("path", "body", "accept"), ASKED, ids=lambda part: str(part)[:60])
async def test_every_door_for_questions_says_when_to_come_back(
    world: World, path: str, body: Any, accept: str
) -> None:
    client = await client_of(world.alice)
    before = await Message.objects.acount(), await Session.objects.acount()
    names = {
        "session": world.session.pk,
        "message": world.message.pk,
        "question": world.message.parent_id,
    }
    address = "/" + path.format(**names)
    answer = await client.post(address, body, "application/json", headers={"Accept": accept})
    assert told(answer).startswith(SENTENCE)
    assert (await Message.objects.acount(), await Session.objects.acount()) == before


async def test_the_socket_says_it_for_every_kind_of_question(world: World) -> None:
    socket = await opened(world.alice, world.session)
    for frame in (
        {"type": "message", "message": "Why?"},
        {"type": "edit", "message_id": str(world.message.parent_id), "message": "Why?"},
        {"type": "regenerate", "message_id": str(world.message.pk)},
    ):
        await socket.send_json_to(frame)
        refused = await socket.receive_json_from()
        assert (refused["type"], refused["code"]) == ("error", "too_many"), frame
        assert refused["message"].startswith(SENTENCE) and refused["retryable"]
        assert 0 < refused["retry_after"] <= 60
    await socket.disconnect()


def test_every_door_for_files_says_when_to_come_back(world: World, api: Any) -> None:
    client, before = api(world.alice), Document.objects.count()
    for path in (
        "files/upload",
        f"chat/sessions/{world.session.pk}/files",
        f"collections/{world.collection.pk}/files",
    ):
        form = {"file": SimpleUploadedFile("notes.txt", b"Some notes on palms.")}
        sentence = told(client.post(f"/api/v1/{path}", form, MULTIPART_CONTENT), most=3600)
        assert sentence.startswith(SENTENCE) and "minutes" in sentence
    data = base64.b64encode(b"Some notes on palms.").decode()
    body = {"prompt": "Why?", "attachments": [{"filename": "a.txt", "data": data}]}
    assert told(client.post("/api/v1/chat", body), most=3600).startswith(SENTENCE)
    assert Document.objects.count() == before


def test_of_fifty_counted_at_once_as_many_pass_as_may(alice: User) -> None:
    Limit.objects.create(action="chat", per_user="7/m")
    limits.forget_kept()
    address = unique_address()

    def ask(_number: int) -> bool:
        try:
            limits.count("chat", alice, address)
        except TooMany:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(ask, range(50))) == 7


async def test_of_fifty_questions_at_once_as_many_are_asked_as_may(
    alice: User, model: LanguageModel, play: Play
) -> None:
    play(*words("Yes."))
    await Limit.objects.acreate(action="chat", per_user="5/m")
    limits.forget_kept()
    client = await client_of(alice)
    answers = await asyncio.gather(*(post(client, "chat", {"prompt": "Why?"}) for _ in range(50)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(429)) == (5, 45)
    assert await Message.objects.filter(role="user").acount() == 5


def test_of_fifty_uploads_at_once_as_many_are_kept_as_may(alice: User) -> None:
    Limit.objects.create(action="upload", per_user="5/h")
    limits.forget_kept()
    client = Client(REMOTE_ADDR=unique_address())
    client.force_login(alice)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]

    def upload(number: int) -> int:
        own = Client(REMOTE_ADDR=unique_address())
        own.cookies[cookie.key] = cookie.value
        file = SimpleUploadedFile("notes.txt", f"Notes on palms, part {number}.".encode())
        body = encode_multipart("limit", {"file": file})
        kind = "multipart/form-data; boundary=limit"
        try:
            return own.generic("POST", "/api/v1/files/upload", body, kind).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(upload, range(50)))
    assert (codes.count(201), codes.count(429)) == (5, 45)
    assert Document.objects.count() == 5


async def test_what_an_admin_sets_holds_from_the_next_question_on(
    alice: User, admin: User, model: LanguageModel, play: Play
) -> None:
    play(*words("Yes."))
    asking, setting = await client_of(alice), await client_of(admin)
    ask = {"prompt": "Why?"}
    assert (await post(asking, "chat", ask)).status_code == 200
    form = {"action": "chat", "per_user": "1/m"}
    assert (await setting.post("/admin/accounts/limit/add/", form)).status_code == 302
    assert told(await post(asking, "chat", ask)).startswith(SENTENCE)
    change = "/admin/accounts/limit/chat/change/"
    assert (await setting.post(change, {"per_user": "2/m"})).status_code == 302
    assert (await post(asking, "chat", ask)).status_code == 200
    told(await post(asking, "chat", ask))
    await setting.post("/admin/accounts/limit/chat/delete/", {"post": "yes"})
    assert (await post(asking, "chat", ask)).status_code == 200
