"""The progress socket: what it says first, when it is rung, and to whom."""

import io
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator

from accounts.models import User
from documents import consumers, services
from documents.collections import personal_collection
from documents.consumers import DocumentsConsumer
from documents.doorbell import announce
from documents.models import Document
from documents.tests.pdfs import make_pdf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def put(sent: list[str]) -> Any:
    @sync_to_async
    def go(user: Any, data: bytes = make_pdf(["x"])) -> Document:
        return services.upload(actor=user, file=io.BytesIO(data), name="a.pdf")

    return go


async def person(name: str) -> User:
    return await User.objects.acreate(email=f"{name}@example.org", full_name=name)


async def connected(user: Any, language: str = "en") -> tuple[WebsocketCommunicator, Any]:
    headers = [(b"accept-language", language.encode())]
    socket = WebsocketCommunicator(DocumentsConsumer.as_asgi(), "/ws/documents/", headers)
    socket.scope["user"] = user
    accepted, _protocol = await socket.connect()
    assert accepted
    return socket, await socket.receive_json_from()


async def test_it_begins_with_my_unfinished_documents(put: Any) -> None:
    alice, bob = await person("alice"), await person("bob")
    mine = await put(alice)
    done = await put(alice, make_pdf(["done"]))
    await Document.objects.filter(id=done.id).aupdate(status="PROCESSED")
    await put(bob)
    socket, first = await connected(alice)
    assert first["type"] == "documents"
    (row,) = first["documents"]
    assert row["id"] == str(mine.id) and row["status"] == "UPLOADED"
    assert {"filename", "stage", "progress", "error_code", "error", "page_count"} <= set(row)
    await socket.disconnect()


async def test_a_ring_brings_the_row_as_it_is_now(put: Any) -> None:
    alice, bob = await person("alice"), await person("bob")
    document = await put(alice)
    socket, _first = await connected(alice)
    other, _first = await connected(bob)
    await Document.objects.filter(id=document.id).aupdate(
        status="FAILED", error_code="no_text", progress=0
    )
    await sync_to_async(announce)(alice.id, document.id)
    said = await socket.receive_json_from()
    assert said["type"] == "document"
    assert said["document"]["error_code"] == "no_text" and said["document"]["error"]
    assert await other.receive_nothing()
    await socket.disconnect()
    await other.disconnect()


async def test_a_lost_ring_is_made_good(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "REFRESH_SECONDS", 0.1)
    alice = await person("alice")
    document = await put(alice)
    socket, _first = await connected(alice)
    await Document.objects.filter(id=document.id).aupdate(status="PROCESSED", progress=100)
    assert (await socket.receive_json_from())["document"]["progress"] == 100
    assert await socket.receive_nothing(), "what is finished is said once"
    await socket.disconnect()


async def test_a_deleted_document_is_said_to_be_gone(put: Any) -> None:
    alice = await person("alice")
    document = await put(alice)
    socket, _first = await connected(alice)
    await sync_to_async(services.delete)(actor=alice, document_id=document.id)
    said = await socket.receive_json_from()
    assert said == {"type": "document_deleted", "document": {"id": str(document.id)}}
    await socket.disconnect()


async def test_what_may_no_longer_be_read_is_told_no_more(put: Any) -> None:
    alice, bob = await person("alice"), await person("bob")
    document = await put(bob)
    socket, first = await connected(bob)
    assert first["documents"][0]["filename"] == "a.pdf"
    hers = await sync_to_async(personal_collection)(alice)
    await Document.objects.filter(id=document.id).aupdate(
        collection=hers, status="PROCESSED", original_filename="CANARY.pdf"
    )
    await sync_to_async(announce)(bob.id, document.id)
    said = await socket.receive_json_from()
    assert said == {"type": "document_deleted", "document": {"id": str(document.id)}}
    assert await socket.receive_nothing()
    await socket.disconnect()
