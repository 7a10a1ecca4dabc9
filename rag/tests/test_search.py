"""What is found, in which order, and by whom."""

import math
import uuid
from typing import Any

import numpy as np
import pytest
from asgiref.sync import async_to_sync

import rag.candidates
import rag.search
from accounts.models import User
from documents.lexical import AVERAGE_PAGE_WORDS, AVERAGE_WORDS, K1, B, query_terms, tokens
from documents.models import Collection, Document
from llm.errors import llm_error
from rag.search import EVERYTHING, Hit, Scope, Wanted, find
from rag.tests.library import collection, direction, document, embedding_model

pytestmark = pytest.mark.django_db

TEXTS = [
    "The heart pumps blood through the arteries.",
    "Veins carry blood back to the heart.",
    "Leaves make sugar from light and water.",
    "The stomach breaks food down with acid.",
]


def run(user: User, query: str, vector: Any, top_k: int = 5, **options: Any) -> list[Hit]:
    wanted = Wanted(query_terms(query), vector, embedding_model().pk)
    return find(user, wanted, top_k=top_k, **options).hits


def test_fused_scores_equal_a_plain_reference(alice: User) -> None:
    document(collection(alice), alice, "body.txt", TEXTS, [0, 1, 2, 3])
    vector = direction(2, 0.6)
    hits = run(alice, "heart blood arteries", vector, top_k=4)
    counts = [tokens(text, "en") for text in TEXTS]
    expected = []
    for number, words in enumerate(counts):
        bm25 = 0.0
        for term in ("heart", "blood", "arteri"):
            df = sum(term in other for other in counts)
            idf = math.log((len(TEXTS) + 1) / (df + 0.5))
            tf = words.count(term)
            bm25 += idf * tf / (tf + K1 * (1 - B + B * len(words) / AVERAGE_WORDS))
        expected.append((float(vector[number]), bm25))
    # One passage a page: by its words a page is as good as its passage is to both averages.
    passages = [bm25 for _, bm25 in expected]
    pages = [_page_bm25(counts, number) for number in range(len(counts))]
    words_ = [a / max(passages) + b / max(pages) for a, b in zip(passages, pages, strict=True)]
    mean = sum(cosine for cosine, _ in expected) / len(expected)
    by_text = {hit.text: hit for hit in hits}
    own = [
        (1 - mean) ** 2 * cosine + share / max(words_)
        for (cosine, _), share in zip(expected, words_, strict=True)
    ]
    for text, (cosine, bm25), score in zip(TEXTS, expected, own, strict=True):
        hit = by_text[text]
        assert hit.score == pytest.approx(cosine, abs=1e-3)
        assert hit.lexical == pytest.approx(bm25, abs=1e-3)
        assert hit.fused == pytest.approx(score + 0.5 * max(own), abs=2e-3)
    assert [hit.fused for hit in hits] == sorted((hit.fused for hit in hits), reverse=True)


def _page_bm25(counts: list[list[str]], number: int) -> float:
    total = 0.0
    for term in ("heart", "blood", "arteri"):
        df = sum(term in other for other in counts)
        tf = counts[number].count(term)
        floor = K1 * (1 - B + B * len(counts[number]) / AVERAGE_PAGE_WORDS)
        total += math.log((len(counts) + 1) / (df + 0.5)) * tf / (tf + floor)
    return total


def test_a_word_weighs_the_same_whatever_the_language_of_a_passage(alice: User) -> None:
    texts = ["Harry main bola.", "Harry makan nasi.", "Harry tidur.", "Potter main bola."]
    shelf = collection(alice)
    document(shelf, alice, "id.txt", texts, [0, 1, 2, 3], language="id")
    document(shelf, alice, "en.txt", ["Harry plays ball."], [4], language="en")
    found = {hit.text: hit.lexical for hit in run(alice, "Harry Potter", direction(9))}
    # The only English stem of Harry is not a rare word.
    assert found["Potter main bola."] > found["Harry plays ball."]
    assert found["Harry plays ball."] == pytest.approx(found["Harry main bola."])


def test_words_alone_find_what_vectors_miss(alice: User) -> None:
    document(collection(alice), alice, "body.txt", TEXTS, [0, 1, 2, 3])
    assert run(alice, "stomach acid", direction(9))[0].text == TEXTS[3]
    assert run(alice, "zzz", direction(1))[0].text == TEXTS[1]


def test_the_files_of_a_chat_are_found_in_that_chat_alone(alice: User, bob: User) -> None:
    chat = Collection.objects.create(name="A chat", owner=alice, kind="chat")
    document(chat, alice, "attached.txt", [TEXTS[0]], [0])

    def found(user: User, scope: Scope) -> int:
        return len(run(user, "heart blood", direction(0), scope=scope))

    assert found(alice, Scope(chat=chat.pk)) == 1
    assert found(alice, EVERYTHING) == 0
    assert found(bob, Scope(chat=chat.pk)) == 0


def test_each_finds_only_what_each_may_read(
    alice: User, bob: User, charlie: User, admin: User
) -> None:
    """Open WebUI CVE-2026-45398, CVE-2026-44557, FastGPT CVE-2026-61644: others' texts by
    search."""
    document(collection(alice), alice, "hers.txt", [TEXTS[0]], [0])
    document(collection(bob), bob, "his.txt", [TEXTS[1]], [0])
    document(collection(None, is_open=True), admin, "open.txt", [TEXTS[2]], [0])

    def names(user: User, scope: Scope = EVERYTHING) -> set[str]:
        return {hit.filename for hit in run(user, "heart blood", direction(0), 20, scope=scope)}

    assert names(alice) == {"hers.txt", "open.txt"}
    assert names(bob) == {"his.txt", "open.txt"}
    assert names(charlie) == {"open.txt"}
    hers = Document.objects.get(original_filename="hers.txt")
    # An admin's answers quote no student's own files, unless the admin names them.
    assert names(admin) == {"open.txt"}
    assert names(admin, Scope(collections=[hers.collection_id])) == {"hers.txt"}
    assert names(admin, Scope(documents=[hers.pk])) == {"hers.txt"}
    # Naming a foreign document or collection, or nothing at all, opens nothing.
    assert names(bob, Scope(documents=[hers.pk])) == set()
    assert names(bob, Scope(collections=[hers.collection_id])) == set()
    assert names(alice, Scope(documents=[])) == set()
    assert names(alice, Scope(collections=[])) == set()
    assert names(alice, Scope(collections=[uuid.uuid4()])) == set()
    assert names(alice, Scope(documents=[hers.pk])) == {"hers.txt"}


def test_five_own_chunks_among_many_nearer_foreign_ones(alice: User, bob: User) -> None:
    mine = [f"{text} {number}" for number, text in enumerate([*TEXTS, TEXTS[0]])]
    document(collection(alice), alice, "mine.txt", mine, [direction(0, 0.2)] * 5)
    foreign = [f"The heart pumps blood {n}" for n in range(2000)]
    document(collection(bob), bob, "theirs.txt", foreign, [0] * 2000)
    hits = run(alice, "heart pumps blood", direction(0), 5)
    assert {hit.filename for hit in hits} == {"mine.txt"} and len(hits) == 5


def test_a_document_that_is_read_again_is_found_meanwhile(alice: User) -> None:
    document(collection(alice), alice, "body.txt", TEXTS, [0, 1, 2, 3])
    Document.objects.update(status=Document.Status.PROCESSING)
    assert run(alice, "heart", direction(0))


def test_threshold_and_limit(alice: User) -> None:
    document(collection(alice), alice, "body.txt", TEXTS, [0, direction(0, 0.5), 2, 3])
    assert [hit.text for hit in run(alice, "x", direction(0), threshold=0.4)] == TEXTS[:2]
    assert len(run(alice, "blood", direction(0), top_k=1)) == 1


def test_what_repeats_another_passage_is_told_with_it(alice: User) -> None:
    where = collection(alice)
    long = " ".join(f"{text} Remember this." for text in TEXTS)
    document(where, alice, "one.txt", [long], [0])
    document(where, alice, "two.txt", [f"{long.upper()} Slightly newer."], [direction(0, 0.9)])
    document(where, alice, "three.txt", [TEXTS[2]], [1])
    first, second = run(alice, "heart", direction(0))
    assert first.filename == "one.txt"
    assert [place.filename for place in first.also_in] == ["two.txt"]
    assert second.filename == "three.txt" and not second.also_in


def test_a_page_is_found_once_by_its_best_passage(alice: User) -> None:
    where = collection(alice)
    document(where, alice, "body.txt", TEXTS, [0, direction(0, 0.9), 2, 3], one_page=True)
    document(where, alice, "other.txt", ["Stones are hard."], [direction(0, 0.2)])
    hits = run(alice, "heart blood arteries", direction(0))
    assert [(hit.filename, hit.text) for hit in hits] == [
        ("body.txt", TEXTS[0]),
        ("other.txt", "Stones are hard."),
    ]


def test_words_spread_over_a_page_count_together(alice: User) -> None:
    where = collection(alice)
    parts = ["Enzymes in the liver.", "They split fat.", "Bile helps them."]
    document(where, alice, "spread.txt", parts, [9, 9, 9], one_page=True)
    document(where, alice, "one.txt", ["Enzymes and more enzymes."], [9])
    hits = run(alice, "enzymes split fat bile liver", direction(5))
    assert hits[0].filename == "spread.txt"


@pytest.mark.django_db(transaction=True)
def test_without_an_embedder_words_are_looked_for(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_args: Any) -> Any:
        raise llm_error("timeout")

    document(collection(alice), alice, "body.txt", TEXTS, [0, 1, 2, 3])
    monkeypatch.setattr(rag.search, "query_vector", down)
    look_up = async_to_sync(rag.search.look_up)
    found = look_up(alice, "stomach acid")
    assert found.words_only and found.hits[0].text == TEXTS[3]
    assert 0.5 < found.likelihood < 1
    nothing = look_up(alice, "zzz")
    assert not nothing.hits and nothing.likelihood == 0


def test_the_index_path_agrees_with_the_exact_one(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(7)
    vectors = random.standard_normal((300, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [f"{TEXTS[n % 4]} number {n}" for n in range(300)]
    document(collection(alice), alice, "big.txt", texts, list(vectors))
    query = vectors[42]
    exact = run(alice, "stomach number 42", query, 10)
    monkeypatch.setattr(rag.candidates, "EXACT_LIMIT", 10)
    indexed = run(alice, "stomach number 42", query, 10)
    assert exact[0].text.endswith("number 42")
    assert [hit.chunk_id for hit in indexed][:3] == [hit.chunk_id for hit in exact][:3]


def test_signs_and_quotes_in_a_query_are_only_text(alice: User) -> None:
    """LlamaIndex CVE-2025-1793, Dify CVE-2026-61461, Open WebUI CVE-2026-70493: a query that is
    run."""
    document(collection(alice), alice, "body.txt", TEXTS, [0, 1, 2, 3])
    for query in ("' or 1=1 --", "heart & | ! : *", "%s %(x)s {}", 'a") --'):
        run(alice, query, direction(0))
