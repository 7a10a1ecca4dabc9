"""Five passages of one's own among ten thousand foreign ones, with row-level security in force."""

from typing import Any

import numpy as np
import pytest
from django.db import connection

from accounts.models import User
from documents import vector_indexes
from documents.asking import reading_as
from documents.lexical import query_terms, term
from documents.models import Chunk, Document
from llm.models import EmbeddingModel
from rag import candidates
from rag.search import EVERYTHING, Findings, Scope, Wanted, find
from rag.tests.library import collection, direction, document, embedding_model

pytestmark = pytest.mark.django_db
FOREIGN = 10_000
# Nearer to the question than the five, each a little different.
CHUNKS = """
insert into documents_chunk (document_id, collection_id, ordinal, page, start, "end", heading,
  text, language, word_count)
select %s, %s, n, n + 1, 0, 20, '', 'The heart pumps blood ' || n, 'en', 5
from generate_series(0, %s - 1) n
"""
VECTORS = """
insert into documents_chunkvector (embedding_model_id, chunk_id, collection_id, document_id, vector)
select %s, id, collection_id, document_id,
  ('[1,' || (ordinal %% 97) / 1000.0 || ',' || (ordinal %% 89) / 1000.0 || repeat(',0', 381) || ']')
  ::halfvec
from documents_chunk where document_id = %s
"""
POSTINGS = """
insert into documents_posting (collection_id, term, document_id, chunk_ids, weights, page_numbers,
  page_weights)
select collection_id, %s, document_id, array_agg(id order by id), array_agg(0.5::real),
  array_agg(page order by page), array_agg(0.5::real)
from documents_chunk where document_id = %s group by collection_id, document_id
"""


@pytest.fixture
def crowd(bob: User) -> Document:
    """Bob's ten thousand, every one of them a better answer than alice's."""
    model = embedding_model()
    row = document(collection(bob), bob, "foreign.txt", [], [])
    Document.objects.filter(pk=row.pk).update(page_count=FOREIGN)
    with connection.cursor() as cursor:
        cursor.execute(CHUNKS, [row.pk, row.collection_id, FOREIGN])
        cursor.execute(VECTORS, [model.pk, row.pk])
        cursor.execute(POSTINGS, [term("heart"), row.pk])
    assert Chunk.objects.filter(document=row).count() == FOREIGN
    return row


@pytest.fixture
def hers(alice: User, crowd: Document) -> Document:
    texts = [f"{word} beats in the heart." for word in ("One", "Two", "Three", "Four", "Five")]
    return document(collection(alice), alice, "own.txt", texts, [direction(0, 0.8)] * 5)


@pytest.fixture(params=["exact", "index"])
def path(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of looking for vectors; the limit is lowered instead of filling 20,000 rows."""
    if request.param == "index":
        monkeypatch.setattr(candidates, "EXACT_LIMIT", 4)
    return str(request.param)


def ask(user: User, scope: Scope = EVERYTHING, words: str = "heart") -> Findings:
    model = EmbeddingModel.objects.get(is_current=True)
    vector: np.ndarray[Any, Any] = direction(0)
    return find(user, Wanted(query_terms(words), vector, model.pk, 1, "en"), top_k=10, scope=scope)


def index() -> str:
    model = EmbeddingModel.objects.get(is_current=True)
    with connection.cursor() as cursor:
        # The rows of this transaction have checks waiting; an index waits for none.
        cursor.execute("set constraints all immediate")
        vector_indexes.ensure(model)
        cursor.execute("analyze documents_chunkvector")
    return vector_indexes.name_of(model)


@pytest.mark.parametrize("words", ["heart", "zebra"])
def test_all_five_are_found(
    alice: User, bob: User, charlie: User, hers: Document, path: str, words: str
) -> None:
    if path == "index":
        index()
    with connection.cursor() as cursor:
        cursor.execute("select row_security_active('documents_chunkvector')")
        assert cursor.fetchone() == (True,)
    found = ask(alice, words=words)
    assert {hit.document_id for hit in found.hits} == {hers.pk}
    assert {hit.page for hit in found.hits} == {1, 2, 3, 4, 5}
    assert ask(charlie, words=words).hits == []
    assert hers.pk not in {hit.document_id for hit in ask(bob, words=words).hits}


def test_the_wall_alone_keeps_the_crowd_out(
    alice: User, charlie: User, hers: Document, path: str
) -> None:
    """The search itself with the application's filter taken out."""
    if path == "index":
        index()
    everything = candidates.Readable(("select id from documents_collection", ()))
    model = EmbeddingModel.objects.get(is_current=True)
    wanted = Wanted(query_terms("heart"), direction(0), model.pk, 1, "en")
    found = {}
    for user in (alice, charlie):
        with reading_as(user):
            found[user] = {
                each.chunk_id
                for each in candidates.scored(candidates.measured(everything), wanted).candidates
            }
    assert found == {alice: set(hers.chunks.values_list("pk", flat=True)), charlie: set()}


def test_the_index_serves_under_the_policies(alice: User, hers: Document) -> None:
    """The plain ordered query, without the application's filter: only the wall narrows it."""
    name = index()
    model = EmbeddingModel.objects.get(is_current=True)
    sql = (
        f"select chunk_id from documents_chunkvector where embedding_model_id = {model.pk} "
        f"order by vector::halfvec({model.dimensions}) <=> %s::halfvec limit 5"
    )
    wanted = "[" + ",".join(str(value) for value in direction(0)) + "]"
    with reading_as(alice), connection.cursor() as cursor:
        cursor.execute(
            candidates.INDEX_SCAN
            + "set local enable_seqscan = off; set local enable_bitmapscan = off;"
            "set local enable_sort = off"
        )
        cursor.execute("explain " + sql, [wanted])
        assert name in "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute(sql, [wanted])
        found = {row[0] for row in cursor.fetchall()}
    # It may miss some behind such a crowd (rag.candidates then looks exactly), never show others.
    assert found <= set(hers.chunks.values_list("pk", flat=True))
