"""Citations of web pages and of answered questions: what they are called and where they lead."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User
from chat import generations, protocol, services
from chat.generations import Outcome
from chat.models import Message
from chat.tests.test_citations import embedder, ingest, media, model, sent, upload
from documents.ingest import pipeline
from documents.knowledge import services as knowledge
from documents.lexical import query_terms
from documents.models import Document
from llm.models import EmbeddingModel, LanguageModel
from rag.search import Hit, Wanted, find
from rag.sources import Source

__all__ = ["embedder", "ingest", "media", "model", "sent", "upload"]
pytestmark = pytest.mark.django_db
URL = "https://biology.example/fireflies"
FETCHED = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
PAGE = b"The firefly glows because luciferin meets oxygen in its lantern."


def search(user: User, words: str) -> Hit:
    model = EmbeddingModel.objects.get(is_current=True)
    return find(user, Wanted(query_terms(words), None, model.pk), top_k=1).hits[0]


@pytest.fixture
def answered(model: LanguageModel) -> Callable[..., Message]:
    def save(user: User, hit: Hit) -> Message:
        session = services.create_session(actor=user)
        generation = services.post_message(actor=user, session_id=session.pk, text="How?")
        outcome = Outcome("complete", f"“{hit.text}” [1]", sources=[Source(1, hit, hit.text)])
        saved = generations.finish(generation.pk, outcome)
        assert saved is not None
        return saved[0]

    return save


def stored(client: Any, message: Message) -> Any:
    answer = client.get(f"/api/v1/chat/sessions/{message.session_id}").json()
    return answer["messages"][-1]["sources"][0]


def web_page(alice: User, ingest: Any) -> Document:
    document: Document = ingest(alice, PAGE, "Fireflies.txt")
    Document.objects.filter(pk=document.pk).update(source_url=URL, fetched_at=FETCHED)
    return document


def test_a_web_page_is_cited_with_its_address_and_day(
    alice: User, api: Any, ingest: Any, answered: Any
) -> None:
    web_page(alice, ingest)
    hit = search(alice, "firefly luciferin")
    streamed = protocol.source_payload(Source(1, hit, hit.text))
    kept = stored(api(alice), answered(alice, hit))
    for told in (streamed, kept):
        assert (told["source_url"], told["fetched_at"]) == (URL, FETCHED.isoformat())


def test_the_citation_keeps_what_was_fetched_then(
    alice: User, api: Any, ingest: Any, answered: Any
) -> None:
    document = web_page(alice, ingest)
    message = answered(alice, search(alice, "firefly luciferin"))
    document.delete()
    kept = stored(api(alice), message)
    assert kept["document_id"] is None
    assert (kept["source_url"], kept["fetched_at"]) == (URL, FETCHED.isoformat())


def test_an_answer_closed_after_a_crash_keeps_it(alice: User, ingest: Any) -> None:
    web_page(alice, ingest)
    hit = search(alice, "firefly luciferin")
    row = protocol.source_payload(Source(1, hit, hit.text))
    again = generations._source(row).hit
    assert (again.source_url, again.fetched_at) == (URL, FETCHED)
    # Written by the version before.
    del row["source_url"], row["fetched_at"]
    again = generations._source(row).hit
    assert (again.source_url, again.fetched_at) == ("", None)


def test_what_is_no_web_page_has_no_address(
    alice: User, api: Any, ingest: Any, answered: Any
) -> None:
    ingest(alice, PAGE, "Fireflies.txt")
    kept = stored(api(alice), answered(alice, search(alice, "firefly luciferin")))
    assert (kept["source_url"], kept["fetched_at"]) == ("", None)


def test_an_answered_question_is_cited_as_one(
    admin: User, bob: User, api: Any, embedder: Any, sent: Any, answered: Any
) -> None:
    entry = knowledge.add(actor=admin, question="When is the exam?", answer="On 3 June.")
    pipeline.run(entry.document_id)
    kept = stored(api(bob), answered(bob, search(bob, "exam June")))
    assert kept["document_name"] == "Q&A: When is the exam?"
    assert kept["source_url"] == "" and "On 3 June." in kept["excerpt"]
