"""A question that brings its own documents, in one request."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from accounts.api_keys import make_key
from accounts.models import Limit
from chat.models import Message, Session
from documents.models import Document

SOIL = b"Volcanic soil holds much potassium, which comes from weathered feldspar."
ASK = "What does volcanic soil hold?"


def file(content: bytes = SOIL, name: str = "soil.txt") -> dict[str, str]:
    return {"filename": name, "data": base64.b64encode(content).decode()}


@pytest.fixture
def post(product: str, alice: Any) -> Iterator[Callable[..., httpx2.Response]]:
    key = make_key(actor=alice, name="x", scopes=["chat"])[1]
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=product, headers=headers, timeout=60) as client:
        yield lambda body, **more: client.post("/api/v1/chat", json=body, headers=more)


def test_a_document_is_read_and_answered_from(post: Callable[..., httpx2.Response]) -> None:
    body = {"prompt": ASK, "attachments": [file()]}
    told = [post(body, **{"Idempotency-Key": "k"}).json() for _ in range(2)]
    assert told[0] == told[1] and "potassium" in told[0]["message"]["content"]
    assert told[0]["message"]["sources"][0]["filename"] == "soil.txt"
    session = Session.objects.get()
    assert Document.objects.get().collection_id == session.files_id
    assert Message.objects.count() == 2
    other = post({"prompt": ASK, "stream": True, "session_id": told[0]["session_id"]})
    last = other.text.strip().split("data: ")[-1]
    assert "potassium" in json.loads(last)["content"]
    elsewhere = post({"prompt": ASK}).json()
    assert elsewhere["message"]["sources"] == []


def test_what_cannot_be_read_is_told_and_leaves_nothing(
    post: Callable[..., httpx2.Response],
) -> None:
    answer = post({"prompt": ASK, "attachments": [file(b"\x00\x01\x02\x03" * 50, "x.bin")]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unread_attachment")
    assert answer.json()["detail"].startswith("x.bin: ")
    assert not Session.objects.exists() and not Document.objects.exists()


def test_files_of_a_question_count_as_uploads(
    post: Callable[..., httpx2.Response], alice: Any, bob: Any
) -> None:
    theirs = Session.objects.create(user=bob)
    strange = {"prompt": ASK, "attachments": [file()], "session_id": str(theirs.pk)}
    assert post(strange).status_code == 404 and not Document.objects.exists()
    Limit.objects.create(action="upload", per_user="1/h", per_address="")
    answer = post({"prompt": ASK, "attachments": [file(), file(b"Other words.", "b.txt")]})
    assert answer.status_code == 429 and "Retry-After" in answer.headers
