"""Summaries of documents, in the language of the document."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.errors import Conflict, NotFound
from documents import services, summaries, tasks
from documents.models import Document
from llm.errors import llm_error
from llm.events import Completed, Event, TextDelta
from llm.messages import Request
from llm.metering.models import ModelCall
from llm.models import LanguageModel, Provider

pytestmark = pytest.mark.django_db
INDONESIAN = (
    "Para mahasiswa di pulau itu membaca daun lontar yang ditulis oleh guru mereka, dan mereka "
    "akan menulis pada daun yang lain dengan pisau yang dibuat untuk itu. "
)
ENGLISH = (
    "The text tells of the leaves on which the students of the island have been writing, and of "
    "the knife that was made for that by those who taught them. "
)


class Writer:
    """Says these answers, one a request."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield TextDelta(answer)
        yield Completed()


@pytest.fixture
def model(db: None) -> LanguageModel:
    provider = Provider.objects.create(
        kind="openai_compatible", name="Here", base_url="http://127.0.0.1:9"
    )
    return LanguageModel.objects.create(provider=provider, name="small", display_name="Small")


@pytest.fixture
def writes(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(*answers: Any) -> Writer:
        writer = Writer(*answers)
        monkeypatch.setattr(summaries, "chat_model", lambda _model, _caller: writer)
        return writer

    return use


@pytest.fixture
def book(ingest: Any, alice: Any) -> Document:
    text = "\n\n".join(f"Bab {n}. {INDONESIAN * 4}" for n in range(40))
    document = ingest(alice, text.encode(), "lontar.txt")
    assert (document.status, document.language, document.summary) == ("PROCESSED", "id", "")
    return document


def test_it_is_asked_for_in_the_language_of_the_document(
    book: Document, writes: Any, alice: Any, bob: Any, api: Any
) -> None:
    writer = writes(f"  Tentang\u200b daun.\n{INDONESIAN}")
    assert summaries.is_wanted(book.id) and summaries.summarise(book.id)
    (request,) = writer.requests
    assert "in Indonesian" in request.system
    said = request.messages[0].text
    assert said.startswith("lontar\n") and "Bab 0." in said and "Bab 3" in said
    found = api(alice).get(f"/api/v1/files/{book.id}").json()
    assert found["summary"] == f"Tentang daun. {INDONESIAN.strip()}"
    assert api(bob).get(f"/api/v1/files/{book.id}").status_code == 404
    assert not summaries.is_wanted(book.id) and not summaries.summarise(book.id)
    assert len(writer.requests) == 1, "paid once"


def test_an_answer_in_another_language_is_asked_for_again_and_then_left_out(
    book: Document, writes: Any
) -> None:
    writer = writes(ENGLISH, INDONESIAN)
    assert summaries.summarise(book.id) and len(writer.requests) == 2
    book.refresh_from_db()
    assert book.summary == INDONESIAN.strip()
    Document.objects.update(summary="")
    writes(ENGLISH, ENGLISH)
    assert not summaries.summarise(book.id)
    book.refresh_from_db()
    assert book.summary == ""


def test_failures_leave_the_document_as_it_is(book: Document, writes: Any) -> None:
    writes(llm_error("budget"))
    assert not summaries.summarise(book.id)
    book.refresh_from_db()
    assert (book.status, book.summary) == ("PROCESSED", "")


def test_what_was_read_again_meanwhile_does_not_get_the_summary_of_before(
    book: Document, writes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes(INDONESIAN)
    real = summaries._material

    def material(document: Document, model: Any) -> str:
        text = real(document, model)
        Document.objects.update(processed_at="2030-01-01T00:00Z")
        return text

    monkeypatch.setattr(summaries, "_material", material)
    assert not summaries.summarise(book.id)
    book.refresh_from_db()
    assert book.summary == ""


def test_no_model_is_asked_where_none_is_wanted(
    book: Document, writes: Any, ingest: Any, alice: Any, settings: Any, model: LanguageModel
) -> None:
    writer = writes()
    short = ingest(alice, b"A short note on leaves.", "note.txt")
    assert not summaries.summarise(short.id)
    settings.DOCUMENT_SUMMARIES = False
    assert not summaries.is_wanted(book.id) and not summaries.summarise(book.id)
    settings.DOCUMENT_SUMMARIES = True
    LanguageModel.objects.filter(pk=model.pk).update(is_active=False)
    assert not summaries.is_wanted(book.id), "the built-in answerer only quotes"
    assert not writer.requests


def test_the_worker_asks_for_it_behind_all_uploads(
    upload: Any, alice: Any, embedder: Any, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[list[str], int]] = []
    monkeypatch.setattr(
        tasks.summarise,
        "apply_async",
        lambda args, priority, **_options: sent.append((args, priority)),
    )
    document = upload(alice, (INDONESIAN * 20).encode(), "lontar.txt")
    tasks.ingest(str(document.id))
    assert sent == [([str(document.id), False], 9)]


@pytest.mark.parametrize(
    ("code", "name"), [("id", "Indonesian"), ("en", "English"), ("", "the language of the")]
)
def test_languages_have_names(code: str, name: str) -> None:
    assert summaries.language_name(code).startswith(name)


def test_an_archive_of_many_files_does_not_ask_for_as_many_summaries(
    book: Document, writes: Any, settings: Any, alice: Any, model: LanguageModel, monkeypatch: Any
) -> None:
    settings.DOCUMENT_SUMMARIES_PER_DAY = 2
    calls = [
        ModelCall.objects.create(user=alice, kind="summary", provider="x", model_name="small")
        for _call in range(2)
    ]
    writer = writes(INDONESIAN)
    assert not summaries.is_wanted(book.id) and not summaries.summarise(book.id)
    assert not writer.requests
    # Those of her chats and of others are not counted, nor what was asked before yesterday.
    calls[0].session_id = book.id
    calls[0].save()
    assert summaries.is_wanted(book.id)
    ModelCall.objects.update(session_id=None)
    ModelCall.objects.filter(pk=calls[0].pk).update(created_at=timezone.now() - timedelta(hours=25))
    assert summaries.is_wanted(book.id)


def test_whoever_may_change_it_has_a_summary_written_all_the_same(
    book: Document, writes: Any, settings: Any, alice: Any, bob: Any, monkeypatch: Any
) -> None:
    settings.DOCUMENT_SUMMARIES_PER_DAY = 0
    monkeypatch.setattr(
        tasks.summarise, "apply_async", lambda args, **_options: tasks.summarise(*args)
    )
    with pytest.raises(NotFound):
        services.summarise(actor=bob, document_id=book.id)
    writes(INDONESIAN)
    services.summarise(actor=alice, document_id=book.id)
    book.refresh_from_db()
    assert book.summary == INDONESIAN.strip()
    with pytest.raises(Conflict):
        services.summarise(actor=alice, document_id=book.id)
    Document.objects.update(summary="")
    LanguageModel.objects.update(is_active=False)
    with pytest.raises(Conflict, match="No language model"):
        services.summarise(actor=alice, document_id=book.id)
