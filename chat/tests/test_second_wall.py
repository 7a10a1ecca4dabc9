"""Readers of page texts when the application's own question of access is taken out."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat import citations, generations
from chat.generations import Outcome
from chat.models import Message
from chat.tests.test_citations import PDF, QUOTE, answered, sources_of
from documents import page_search, queries
from documents.headings import topics
from documents.models import Document, DocumentQuerySet
from documents.tests.conftest import embedder, ingest, media, sent, upload
from rag.anchors import Words, anchor
from rag.sources import with_neighbours

__all__ = ["answered", "embedder", "ingest", "media", "sent", "upload"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def hers(alice: User, ingest: Any) -> Document:
    document: Document = ingest(alice, PDF, "palm.pdf")
    return document


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DocumentQuerySet, "visible_to", lambda self, _user: self)
    monkeypatch.setattr(DocumentQuerySet, "meant_for", lambda self, _user: self)


def test_neighbours_of_a_passage(alice: User, bob: User, hers: Document) -> None:
    hit = sources_of(hers)[0].hit
    whole = Document.objects.get(pk=hers.pk).pages.get(number=1).text
    # As if the passage had been found cut: its page would mend it.
    assert with_neighbours(alice, [hit])[hit.chunk_id] in whole
    hers.chunks.filter(ordinal=0).update(text="CANARY")
    assert "CANARY" in with_neighbours(alice, [hit])[hit.chunk_id]
    assert with_neighbours(bob, [hit])[hit.chunk_id] == hit.text


def test_words_of_a_citation(alice: User, bob: User, hers: Document) -> None:
    words = Words(QUOTE, 1, 0, len(QUOTE))
    assert anchor(alice, hers.pk, words).page == 2
    found = anchor(bob, hers.pk, words)
    assert (found.state, found.page, found.start) == ("changed", 1, None)


def test_find_in_a_document(
    alice: User, bob: User, hers: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "document", lambda _user, _id: hers)
    assert page_search.find(alice, hers.pk, "candlenuts").places
    assert not page_search.find(bob, hers.pk, "candlenuts").places


def test_a_saved_citation(
    bob: User, hers: Document, answered: Callable[..., Message], unfiltered: None
) -> None:
    message = answered(bob, hers, f"“{QUOTE}” [2]")
    assert message.citations.get(number=2).match == "missing", "its page cannot be looked at"
    assert citations.place(bob, message.pk, 2)["state"] == "closed"


def test_pages_are_read_for_whom_the_answer_is(
    alice: User, bob: User, hers: Document, answered: Callable[..., Message]
) -> None:
    for reader, match in ((alice, "exact"), (bob, "missing")):
        message = answered(alice, hers, "")
        generation = message.generation
        type(generation).objects.filter(pk=generation.pk).update(status="running")
        message.citations.all().delete()
        outcome = Outcome("complete", f"“{QUOTE}” [2]", sources=sources_of(hers), reader=reader)
        saved = generations.finish(generation.pk, outcome)
        assert saved and saved[1][1].match == match


def test_topics_without_the_filter(
    alice: User, bob: User, admin: User, hers: Document, unfiltered: None
) -> None:
    # A document of hers is listed for nobody else, and row-level security hides its headings.
    hers.chunks.update(heading="Soot and ink")
    assert [topic.words for topic in topics(alice, 3).topics] == ["Soot and ink"]
    assert not topics(bob, 3).topics
