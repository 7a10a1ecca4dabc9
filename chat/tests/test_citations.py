"""Citations through the real pipeline: bound to their page, and what becomes of them later."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy
import pytest
from django.db.models import F

from accounts.models import User
from chat import generations, services
from chat.generations import Outcome
from chat.models import Citation, Message
from chat.tests.fakes import ask, events_of, said
from core.db import in_thread
from documents import services as documents_services
from documents import storage
from documents.ingest import pipeline
from documents.models import Chunk, Collection, Document, Page
from documents.tests.conftest import DIMENSIONS, embedder, ingest, media, sent, upload
from documents.tests.pdfs import make_pdf
from llm.events import Completed, Event, TextDelta
from llm.messages import Request, ToolCall, ToolResult
from llm.models import LanguageModel, Provider
from rag.search import Hit
from rag.sources import Source, with_neighbours

__all__ = ["embedder", "ingest", "media", "sent", "upload"]
SIX = "The leaves of the lontar palm are boiled,\ndried and pressed before anybody writes on them."
SEVEN = "A knife cuts the letters into the leaf, and\nsoot of candlenuts is rubbed into the cuts."
PDF = make_pdf([SIX, SEVEN], title="Palm leaves")
QUOTE = "soot of candlenuts is rubbed into the cuts"


def hit(chunk: Chunk) -> Hit:
    document = chunk.document
    return Hit(
        chunk_id=chunk.pk, document_id=document.pk, filename=document.original_filename,
        title="", page=chunk.page, start=chunk.start, end=chunk.end, heading="",
        text=chunk.text, ordinal=chunk.ordinal, score=0.5, lexical=0.0, fused=0.5,
    )  # fmt: skip


def sources_of(document: Document) -> list[Source]:
    hits = [hit(chunk) for chunk in document.chunks.order_by("ordinal")]
    contexts = with_neighbours(document.owner, hits)
    return [Source(n, h, contexts[h.chunk_id]) for n, h in enumerate(hits, 1)]


pytestmark = pytest.mark.django_db


@pytest.fixture
def model(db: None) -> LanguageModel:
    provider = Provider.objects.create(kind="builtin", name="Built in")
    return LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes")


@pytest.fixture
def answered(model: LanguageModel) -> Callable[..., Message]:
    """An answer of `user` that was given these passages, as it is kept."""

    def save(user: User, document: Document, text: str) -> Message:
        session = services.create_session(actor=user)
        generation = services.post_message(actor=user, session_id=session.pk, text="How?")
        outcome = Outcome("complete", text, sources=sources_of(document))
        saved = generations.finish(generation.pk, outcome)
        assert saved is not None
        return saved[0]

    return save


def look(client: Any, message: Message, number: int = 2) -> Any:
    return client.get(f"/api/v1/chat/messages/{message.pk}/citations/{number}").json()


def test_each_quotation_is_held_against_its_page(
    alice: User, ingest: Any, answered: Callable[..., Message]
) -> None:
    document = ingest(alice, PDF)
    message = answered(
        alice,
        document,
        f"It is said that “{QUOTE.upper()}” [2]. The leaves are “boiled in coconut milk” [1].",
    )
    first, second = message.citations.order_by("number")
    assert (second.match, second.verified, second.page) == ("exact", True, 2)
    page = Page.objects.get(document=document, number=2)
    assert page.text[second.start : second.end] == second.excerpt == QUOTE
    assert second.quotes[0]["start"] == second.start and second.excerpt_hash
    assert (first.match, first.verified, first.cited) == ("missing", False, True)
    assert first.quotes == [
        {"text": "boiled in coconut milk", "match": "missing", "start": None, "end": None,
         "elsewhere": None}
    ]  # fmt: skip


def test_own_words_are_not_called_checked_and_found_is_not_cited(
    alice: User, ingest: Any, answered: Callable[..., Message]
) -> None:
    document = ingest(alice, PDF)
    message = answered(alice, document, "Leaves get boiled and pressed first [1].")
    first, second = message.citations.order_by("number")
    assert (first.match, first.verified, first.cited) == ("own_words", False, True)
    assert "boiled" in first.excerpt
    assert (second.match, second.verified, second.cited) == ("", False, False)


def test_a_sentence_of_the_page_needs_no_quotation_marks(
    alice: User, ingest: Any, answered: Callable[..., Message]
) -> None:
    message = answered(alice, ingest(alice, PDF), f"{SEVEN} [2]".replace("\n", " "))
    citation = message.citations.get(number=2)
    assert (citation.match, citation.verified) == ("exact", True)
    assert citation.excerpt == SEVEN.rstrip(".")


def test_a_quotation_of_another_passage_says_where_it_stands(
    alice: User, ingest: Any, answered: Callable[..., Message]
) -> None:
    message = answered(alice, ingest(alice, PDF), f"As [1] has it, “{QUOTE}”.")
    quote = message.citations.get(number=1).quotes[0]
    assert (quote["match"], quote["elsewhere"]) == ("missing", 2)


def test_it_survives_new_chunks_and_new_vectors(
    alice: User, api: Any, ingest: Any, answered: Callable[..., Message]
) -> None:
    document = ingest(alice, PDF)
    message = answered(alice, document, f"“{QUOTE}” [2]")
    old = set(Chunk.objects.values_list("pk", flat=True))
    documents_services.reprocess(actor=alice, document_id=document.pk)
    pipeline.run(document.pk)
    assert old.isdisjoint(Chunk.objects.values_list("pk", flat=True))
    found = look(api(alice), message)
    assert (found["state"], found["page"], found["sentence"]) == ("same", 2, "")
    text = Page.objects.get(document=document, number=2).text
    assert text[found["start"] : found["end"]] == QUOTE


def test_it_follows_its_words_to_another_place(
    alice: User, api: Any, ingest: Any, answered: Callable[..., Message]
) -> None:
    document = ingest(alice, PDF)
    message = answered(alice, document, f"“{QUOTE}” [2]")
    # A reader that cuts the same file otherwise: a page more in front, words moved on the page.
    for page in Page.objects.filter(document=document).order_by("-number"):
        Page.objects.filter(document=document, number=page.number).update(number=F("number") + 3)
    Page.objects.filter(document=document, number=5).update(text=f"Cover. {SEVEN}")
    found = look(api(alice), message)
    assert (found["state"], found["page"]) == ("moved", 5)
    assert "5" in found["sentence"]
    text = Page.objects.get(document=document, number=5).text
    assert text[found["start"] : found["end"]] == QUOTE
    assert found["quotes"][0]["start"] == found["start"]


def test_a_text_that_changed_says_so(
    alice: User, api: Any, ingest: Any, answered: Callable[..., Message]
) -> None:
    document = ingest(alice, PDF)
    message = answered(alice, document, f"“{QUOTE}” [2]")
    storage.path_of(document.filename).write_bytes(make_pdf(["Another text altogether."]))
    documents_services.reprocess(actor=alice, document_id=document.pk)
    pipeline.run(document.pk)
    found = look(api(alice), message)
    assert (found["state"], found["page"], found["start"]) == ("changed", 1, None)
    assert "changed" in found["sentence"] and found["excerpt"] == QUOTE


def test_a_deleted_document_leaves_its_words(
    alice: User, api: Any, ingest: Any, answered: Callable[..., Message]
) -> None:
    document = ingest(alice, PDF)
    message = answered(alice, document, f"“{QUOTE}” [2]")
    documents_services.delete(actor=alice, document_id=document.pk)
    found = look(api(alice), message)
    assert (found["state"], found["document_id"], found["excerpt"]) == ("deleted", None, QUOTE)
    assert "deleted" in found["sentence"]


def test_withdrawn_access_closes_the_door(
    alice: User, bob: User, api: Any, ingest: Any, answered: Callable[..., Message]
) -> None:
    collection = Collection.objects.create(name="Open", owner=alice, is_open=True)
    document = ingest(alice, PDF, collection=collection)
    message = answered(bob, document, f"“{QUOTE}” [2]")
    assert look(api(bob), message)["state"] == "same"
    collection.is_open = False
    collection.save()
    found = look(api(bob), message)
    assert (found["state"], found["document_id"], found["start"]) == ("closed", None, None)
    assert api(bob).get(f"/api/v1/files/{document.pk}/pages/2").status_code == 404


def test_only_the_one_who_asked_opens_it(
    alice: User, bob: User, charlie: User, api: Any, ingest: Any, answered: Callable[..., Message]
) -> None:
    message = answered(alice, ingest(alice, PDF), f"“{QUOTE}” [2]")
    path = f"/api/v1/chat/messages/{message.pk}/citations"
    for person in (bob, charlie):
        assert api(person).get(f"{path}/2").status_code == 404
    assert api(alice).get(f"{path}/9").status_code == 404


class Misplaced:
    """A model that searches, and then quotes page 2 with the mark of page 1."""

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        results = [p for m in request.messages for p in m.parts if isinstance(p, ToolResult)]
        if not results:
            yield ToolCall("1", "document_search", {"query": "What is cut with a knife?"})
            yield Completed(stop_reason="tool_calls")
        else:
            passages = json.loads(results[-1].content)["passages"]
            wrong = next(row["mark"] for row in passages if row["page"] == 1)
            for letter in f"First “{QUOTE}” [{wrong}]. Then nothing [8].":
                yield TextDelta(letter)
            yield Completed()


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_a_mark_of_the_wrong_page_is_put_right_while_it_streams(
    alice: User, model: LanguageModel, ingest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def query_vector(*_args: Any) -> Any:
        return numpy.ones(DIMENSIONS, numpy.float32)

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    monkeypatch.setattr("chat.turn.chat_model", lambda *_args: Misplaced())
    await in_thread(ingest, alice, PDF)
    session = await in_thread(services.create_session, actor=alice)
    generation = await ask(alice, session, "What is cut with a knife?")
    events = await events_of(generation)
    answer = await Message.objects.aget(generation=generation.pk)
    cited = await Citation.objects.aget(message=answer, cited=True)
    assert (cited.page, cited.match) == (2, "exact")
    assert answer.content == f"First “{QUOTE}” [{cited.number}]. Then nothing."
    assert said(events).strip() == answer.content
