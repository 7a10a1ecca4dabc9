"""Files brought to a chat: theirs to find is that chat's alone."""

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import reverse

from accounts.models import User
from chat import services, session_files
from chat.models import Message, Session
from chat.tests.fakes import Script, ask, events_of
from chat.tools import Searching
from core.db import in_thread
from documents.models import Collection, Document, Page
from documents.tests.conftest import embedder, ingest, media, sent, upload
from documents.tests.office import zipped
from documents.tests.pdfs import make_pdf
from llm.events import Completed, TextDelta
from llm.messages import ToolCall
from llm.models import LanguageModel
from rag.search import Scope
from rag.sources import SourceBook
from rag.tests.library import direction, document

__all__ = ["embedder", "ingest", "media", "sent", "upload"]
Api = Callable[..., Any]
JSON = "application/json"
SESSIONS = "/api/v1/chat/sessions"


def bring(client: Client, session_id: Any, text: bytes = b"Soot of candlenuts.") -> Any:
    form = {"file": SimpleUploadedFile("notes.txt", text)}
    return client.post(f"{SESSIONS}/{session_id}/files", form, content_type=MULTIPART_CONTENT)


@pytest.fixture
def session(alice: User) -> Session:
    return services.create_session(actor=alice)


@pytest.mark.django_db
def test_the_first_file_makes_the_chats_own_collection(
    api: Api, alice: User, session: Session, sent: list[str]
) -> None:
    assert api(alice).get(f"{SESSIONS}/{session.pk}").json()["files_collection_id"] is None
    first, second = (bring(api(alice), session.pk, text) for text in (b"One.", b"Two."))
    assert (first.status_code, second.status_code) == (201, 201) and first.json()["in_chat"] is True
    collection = Collection.objects.get(kind="chat")
    assert collection.owner == alice and not collection.is_open and not collection.is_shareable
    assert {row.json()["collection_id"] for row in (first, second)} == {str(collection.pk)}
    detail = api(alice).get(f"{SESSIONS}/{session.pk}").json()
    assert detail["files_collection_id"] == str(collection.pk)
    again = bring(api(alice), session.pk, b"One.")
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    other = services.create_session(actor=alice)
    assert bring(api(alice), other.pk, b"One.").json()["id"] != first.json()["id"]


@pytest.mark.django_db
def test_another_ones_chat_is_not_there(
    api: Api, alice: User, bob: User, charlie: User, admin: User, session: Session
) -> None:
    """Dify CVE-2026-41950, LibreChat CVE-2026-54027: files of another one's chat."""
    for user in (bob, charlie, admin):
        assert bring(api(user), session.pk).status_code == 404
        assert api(user).post(f"{SESSIONS}/{session.pk}/files", {}).status_code in (404, 415)
    assert bring(api(alice), uuid.uuid4()).status_code == 404
    assert not Collection.objects.filter(kind="chat").exists() and not Document.objects.exists()
    document_id = bring(api(alice), session.pk).json()["id"]
    collection_id = Collection.objects.get(kind="chat").pk
    for user in (bob, charlie):
        client = api(user)
        assert client.get(f"/api/v1/files/{document_id}").status_code == 404
        assert client.get(f"/api/v1/collections/{collection_id}/files").status_code == 404
        assert client.get("/api/v1/files").json()["total"] == 0


@pytest.mark.django_db
def test_a_form_without_a_file_makes_nothing(api: Api, alice: User, session: Session) -> None:
    answer = api(alice).post(f"{SESSIONS}/{session.pk}/files", {}, content_type=MULTIPART_CONTENT)
    assert answer.status_code == 422
    assert not Collection.objects.filter(kind="chat").exists()


@pytest.mark.django_db
def test_the_library_shows_them_under_the_chats_name(
    api: Api, alice: User, session: Session, model: LanguageModel, sent: list[str]
) -> None:
    bring(api(alice), session.pk)

    def name() -> str:
        (row,) = api(alice).get("/api/v1/collections?kind=chat").json()["collections"]
        return str(row["name"])

    assert name() == "A chat without a title"
    services.post_once(actor=alice, session_id=session.pk, text="What is soot?")
    assert name() == "What is soot?"
    changed = api(alice).patch(f"{SESSIONS}/{session.pk}", {"title": "Palm leaves"}, JSON)
    assert changed.status_code == 200, changed.content
    assert name() == "Palm leaves"
    assert "Palm leaves" not in str(api(alice).get("/api/v1/collections").json())


@pytest.mark.django_db
def test_they_are_deleted_with_the_chat(
    api: Api, alice: User, ingest: Any, session: Session, media: Any
) -> None:
    where = session_files.collection_of(actor=alice, session_id=session.pk)
    kept = ingest(alice, make_pdf(["Stays."]), "mine.pdf")
    ingest(alice, make_pdf(["Goes."]), "chat.pdf", collection=where)
    assert api(alice).delete(f"{SESSIONS}/{session.pk}").status_code == 204
    assert [row.pk for row in Document.objects.all()] == [kept.pk]
    assert set(Page.objects.values_list("document_id", flat=True)) == {kept.pk}
    assert not Collection.objects.filter(kind="chat").exists()


@pytest.mark.django_db
def test_an_admin_deletes_them_with_the_chat(
    api: Api, alice: User, superadmin: User, session: Session, upload: Any
) -> None:
    where = session_files.collection_of(actor=alice, session_id=session.pk)
    upload(alice, b"Some text.", "a.txt", collection=where)
    client = Client()
    client.force_login(superadmin)
    data = {"action": "delete_selected", "_selected_action": [str(session.pk)], "post": "yes"}
    client.post(reverse("admin:chat_session_changelist"), data)
    assert not Session.objects.exists()
    assert not Document.objects.exists() and not Collection.objects.filter(kind="chat").exists()


@pytest.mark.django_db
def test_a_chat_outlives_its_collection(
    api: Api, alice: User, session: Session, sent: list[str]
) -> None:
    bring(api(alice), session.pk)
    first = Collection.objects.get(kind="chat")
    client = api(alice)
    assert client.delete(f"/api/v1/collections/{first.pk}?documents=delete").status_code == 204
    assert client.get(f"{SESSIONS}/{session.pk}").json()["files_collection_id"] is None
    assert bring(client, session.pk).status_code == 201
    assert Collection.objects.get(kind="chat").pk != first.pk


@pytest.mark.django_db
def test_what_is_in_an_archive_belongs_to_the_chat_too(
    alice: User, session: Session, ingest: Any
) -> None:
    where = session_files.collection_of(actor=alice, session_id=session.pk)
    ingest(alice, zipped({"a/one.txt": "One.", "two.txt": "Two."}), "both.zip", collection=where)
    assert Document.objects.count() == 3
    assert all(row.in_chat and row.collection_id == where.pk for row in Document.objects.all())


def shelve(user: User, session: Session, name: str, text: str) -> uuid.UUID:
    where = session_files.collection_of(actor=user, session_id=session.pk)
    document(where, user, name, [text], [0])
    return where.pk


def two_chats(user: User) -> tuple[Session, Session]:
    first, second = (services.create_session(actor=user) for _ in range(2))
    shelve(user, first, "first.txt", "The heart pumps blood.")
    shelve(user, second, "second.txt", "The heart pumps blood through arteries.")
    first.refresh_from_db()
    second.refresh_from_db()
    return first, second


@pytest.fixture
def _one_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    async def query_vector(_model: Any, _text: str, _caller: Any = None) -> Any:
        return direction(0)

    monkeypatch.setattr("rag.search.query_vector", query_vector)


@pytest.mark.usefixtures("_one_axis")
@pytest.mark.django_db(transaction=True)
async def test_the_tool_finds_this_chats_files_only(alice: User, bob: User, admin: User) -> None:
    first, second = await in_thread(two_chats, alice)

    async def found(user: User, chat: uuid.UUID | None) -> set[str]:
        tool = Searching(user, SourceBook(), lambda *_: None, 50_000, scope=Scope(chat=chat))
        told = json.loads(await tool.run("heart"))
        return {passage["document"] for passage in told["passages"]}

    assert await found(alice, first.files_id) == {"first.txt"}
    assert await found(alice, second.files_id) == {"second.txt"}
    assert await found(alice, None) == set()
    for user in (bob, admin):
        assert await found(user, first.files_id) == set()


@pytest.mark.usefixtures("_one_axis")
@pytest.mark.django_db(transaction=True)
async def test_a_turn_cites_what_was_brought_to_its_chat(
    alice: User, model: LanguageModel, play: Callable[..., Script]
) -> None:
    first, second = await in_thread(two_chats, alice)
    next_one = await in_thread(services.create_session, actor=alice)
    # What a steered model adds to its query opens nothing.
    forged = {"chat": str(first.files_id), "user": str(alice.pk), "documents": ["*"]}
    called = [
        ToolCall("1", "document_search", {"query": "heart", **forged}),
        Completed(stop_reason="tool_calls"),
    ]
    for session, names in ((first, ["first.txt"]), (second, ["second.txt"]), (next_one, [])):
        play(called, [TextDelta("The heart pumps blood [1]."), Completed()])
        generation = await ask(alice, session, "What does the heart do?")
        await events_of(generation)
        answer = await Message.objects.aget(generation=generation.pk)
        cited = [row.document_name async for row in answer.citations.all()]
        assert cited == names


@pytest.mark.usefixtures("_one_axis")
@pytest.mark.django_db(transaction=True)
async def test_the_statement_that_opens_a_turn_knows_the_files(
    alice: User, model: LanguageModel
) -> None:
    first, _second = await in_thread(two_chats, alice)

    def opened() -> Any:
        generation, _new = services.post_once(actor=alice, session_id=first.pk, text="And now?")
        return generation.session.files_id

    assert first.files_id is not None and await in_thread(opened) == first.files_id


@pytest.mark.django_db(transaction=True)
def test_two_files_at_once_go_to_one_collection(alice: User, session: Session) -> None:
    """The second waits for the first, and then finds what it made."""
    found: list[Any] = []

    def second() -> None:
        try:
            made = session_files.collection_of(actor=alice, session_id=session.pk)
            found.append(made.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        first = session_files.collection_of(actor=alice, session_id=session.pk)
        thread.start()
        with connection.cursor() as cursor:
            waiting = 0
            while not waiting:
                cursor.execute(
                    "select count(*) from pg_locks where not granted and pid <> "
                    "pg_backend_pid() and pg_backend_pid() = any(pg_blocking_pids(pid))"
                )
                [waiting] = cursor.fetchone()
    thread.join()
    assert found == [first.pk] and Collection.objects.filter(kind="chat").count() == 1
