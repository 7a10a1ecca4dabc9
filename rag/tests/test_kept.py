"""Kept results: found again by whom they hold for, gone with whatever changes them."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from accounts.models import Group, User
from accounts.services import set_active
from core.redis import key, sync_client
from documents import collections, placing, services
from documents.ingest import postings
from documents.lexical import query_terms
from documents.models import Collection, Document
from documents.tests.conftest import embedder, ingest, media, sent, upload
from llm.models import EmbeddingModel
from rag import kept, search
from rag.search import EVERYTHING, Findings, Scope, Wanted, find
from rag.tests.library import collection, direction, document, embedding_model

__all__ = ["embedder", "ingest", "media", "sent", "upload"]
pytestmark = pytest.mark.django_db
TEXTS = ["The heart pumps blood.", "Veins carry blood.", "Leaves make sugar."]


class Asking:
    """Asks the same question; `asked` counts what PostgreSQL had to score."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, user: User, scope: Scope = EVERYTHING, **options: Any) -> Findings:
        wanted = Wanted(query_terms("heart blood"), direction(0), embedding_model().pk, 2)
        return find(user, wanted, top_k=5, scope=scope, **options)

    def names(self, user: User, scope: Scope = EVERYTHING) -> set[str]:
        return {hit.filename for hit in self(user, scope).hits}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Asking:
    asking, scored = Asking(), search.scored

    def counted(*args: Any) -> Any:
        asking.asked += 1
        return scored(*args)

    monkeypatch.setattr(search, "scored", counted)
    monkeypatch.setattr(kept, "WORTH_IT", 1)
    for name in sync_client().scan_iter(key("found", "*")):
        sync_client().delete(name)
    return asking


@pytest.fixture
def course(alice: User) -> Collection:
    found = collection(alice)
    document(found, alice, "body.txt", TEXTS, [0, 1, 2])
    return found


def test_the_same_is_found_without_scoring_again(
    alice: User, bob: User, ask: Asking, course: Collection
) -> None:
    collections.update_collection(actor=alice, collection_id=course.pk, users=[bob.email])
    first, again, his = ask(alice), ask(alice), ask(bob)
    assert first == again == his and len(first.hits) == 3
    assert ask.asked == 1, "whoever reads the same documents finds the same"
    ask(alice, ranking=search.Ranking.WORDS)
    ask(alice, threshold=0.1)
    ask(alice, keeping=False)
    assert ask.asked == 4


def test_who_may_read_decides_at_once(
    alice: User, bob: User, charlie: User, admin: User, ask: Asking, course: Collection
) -> None:
    """Open WebUI CVE-2026-59213: what was kept for one was given to all."""
    document(collection(bob), bob, "his.txt", ["Arteries carry blood away."], [0])
    assert ask.names(alice) == {"body.txt"}
    assert ask.names(bob) == {"his.txt"} and ask.names(charlie) == set()
    change = {"actor": admin, "collection_id": course.pk}
    collections.update_collection(**change, users=[bob.email])
    assert ask.names(bob) == {"his.txt", "body.txt"} and ask.names(charlie) == set()
    collections.update_collection(**change, users=[])
    assert ask.names(bob) == {"his.txt"}
    group = Group.objects.create(name="7A")
    member = group.memberships.create(user=charlie)
    collections.update_collection(**change, groups=[group.pk])
    assert ask.names(charlie) == {"body.txt"}
    member.delete()
    assert ask.names(charlie) == set()
    collections.update_collection(**change, is_open=True)
    assert ask.names(charlie) == {"body.txt"}
    set_active(actor=admin, user=charlie, active=False)
    assert ask.names(charlie) == set()
    assert ask.names(admin, Scope(collections=[course.pk])) == {"body.txt"}
    assert ask.names(bob, Scope(documents=[course.documents.get().pk])) == {"body.txt"}


def _added(course: Collection, owner: User) -> None:
    document(course, owner, "more.txt", ["Arteries carry blood away."], [0])


def _deleted(course: Collection, owner: User) -> None:
    services.delete(actor=owner, document_id=course.documents.get().pk)


def _moved(course: Collection, owner: User) -> None:
    placing.put(course.documents.get(), collection(None))


def _reworded(course: Collection, owner: User) -> None:
    Document.objects.update(lexical_version=0)
    assert postings.rewrite_outdated() == 1


@pytest.mark.parametrize("change", [_added, _deleted, _moved, _reworded])
def test_changed_documents_are_searched_anew(
    alice: User, ask: Asking, course: Collection, change: Callable[[Collection, User], None],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    before = ask(alice)
    assert ask.asked == 1 and before.hits
    with django_capture_on_commit_callbacks(execute=True):
        change(course, alice)
    ask(alice)
    assert ask.asked == 2
    there = set(course.documents.values_list("pk", flat=True))
    assert {hit.document_id for hit in ask(alice).hits} == there


def test_stored_again_is_searched_anew(
    alice: User, ask: Asking, monkeypatch: pytest.MonkeyPatch, ingest: Any
) -> None:
    """By the pipeline itself, with the embedder of documents' tests."""
    read = ingest(alice, b"The heart pumps blood.", "a.txt")
    model = EmbeddingModel.objects.get(is_current=True)
    vector = direction(0)[: model.dimensions] + 0.1
    wanted = Wanted(query_terms("heart"), vector, model.pk, 1)
    [one] = find(alice, wanted, top_k=5).hits
    find(alice, wanted, top_k=5)
    assert ask.asked == 1
    services.reprocess(actor=alice, document_id=read.pk)
    services.read_here(document_id=read.pk)
    [other] = find(alice, wanted, top_k=5).hits
    assert ask.asked == 2 and other.text == one.text and other.chunk_id != one.chunk_id


def test_numbers_alone_are_kept_and_not_for_ever(
    alice: User, ask: Asking, course: Collection
) -> None:
    ask(alice)
    (name,) = set(sync_client().scan_iter(key("found", "*")))
    text = str(sync_client().get(name))
    assert "heart" not in name + text and "blood" not in text and str(alice.pk) not in name + text
    assert 0 < sync_client().ttl(name) <= kept.SECONDS


@pytest.mark.parametrize(
    "spoilt", ["", "no json", "[1]", '[0.5, [["x"]]]', '{"a": 1}', "[null, []]"]
)
def test_a_spoilt_entry_is_searched_anew(
    alice: User, ask: Asking, course: Collection, spoilt: str
) -> None:
    before = ask(alice)
    (name,) = set(sync_client().scan_iter(key("found", "*")))
    sync_client().set(name, spoilt)
    assert ask(alice) == before and ask.asked == 2


def test_a_forged_entry_opens_nothing(
    alice: User, bob: User, ask: Asking, course: Collection
) -> None:
    """Open WebUI CVE-2026-59213 again."""
    document(collection(bob), bob, "his.txt", ["Arteries carry blood away."], [0])
    ask(alice)
    hers = course.documents.get().chunks.first()
    (name,) = set(sync_client().scan_iter(key("found", "*")))
    ask(bob)
    (other,) = set(sync_client().scan_iter(key("found", "*"))) - {name}
    sync_client().set(other, str(sync_client().get(name)))
    found = ask(bob).hits
    assert hers is not None and hers.pk not in {hit.chunk_id for hit in found} and not found


def test_without_redis_every_search_is_made(
    alice: User, ask: Asking, course: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def get(self, *_args: Any, **_options: Any) -> None:
            raise redis.ConnectionError

        set = get

    monkeypatch.setattr(kept, "sync_client", Away)
    assert ask(alice) == ask(alice) and ask.asked == 2
