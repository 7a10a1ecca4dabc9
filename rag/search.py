"""Finding passages: vectors and BM25 in one statement, over exactly what the asker may read.

The score that orders hits is `cosine + BM25 / best BM25`. Fusing scores keeps the better half's
lead where ranks would average it away; both raw scores are returned for calibration. Document
frequencies are counted in the postings the statement reads, so they are exact for the asker's own
scope and nothing can go stale. BM25: Robertson and Zaragoza, "The Probabilistic Relevance
Framework" (2009), in Lucene's form; the weights are made when a document is processed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import User
from core.db import in_thread
from documents.asking import reading_as
from documents.lexical import query_terms
from documents.models import Chunk, Collection, Document
from llm.queries import current_embedding_model
from llm.services import Caller
from rag.cache import query_vector

MAX_TOP_K = 20
# Up to here every chunk in scope is scored exactly; an index scan would be slower and lossy.
EXACT_LIMIT = 20_000
CANDIDATES = 100


@dataclass(frozen=True)
class Scope:
    """What to search in; None means all that is meant for the user, an empty list means nothing.

    Admins may name collections and documents of others. `chat` is the collection of the chat that
    asks: the files of a chat are found in no other.
    """

    collections: Sequence[uuid.UUID] | None = None
    documents: Sequence[uuid.UUID] | None = None
    language: str | None = None
    chat: uuid.UUID | None = None


EVERYTHING = Scope()


class Ranking(StrEnum):
    """By what hits are ordered; the halves alone are there to be compared with."""

    FUSED = "fused"
    VECTORS = "vectors"
    WORDS = "words"


@dataclass(frozen=True)
class Wanted:
    """A query as the database takes it: its terms, and its vector by one embedding model."""

    terms: Sequence[int]
    vector: np.ndarray[Any, Any]
    model_id: int


@dataclass(frozen=True)
class Hit:
    chunk_id: int
    document_id: uuid.UUID
    filename: str
    title: str
    page: int
    start: int
    end: int
    heading: str
    text: str
    ordinal: int
    score: float  # cosine of query and passage, -1 to 1
    lexical: float  # BM25, 0 or more
    fused: float


async def search(
    user: User,
    query: str,
    *,
    top_k: int = 5,
    threshold: float | None = None,
    scope: Scope = EVERYTHING,
    ranking: Ranking = Ranking.FUSED,
) -> list[Hit]:
    """The best passages for `query`, best first; `threshold` is a least cosine.

    Raises llm.errors.LLMError when the query cannot be embedded.
    """
    query = " ".join(query.split())[:2000]
    if not query:
        return []
    model = await in_thread(current_embedding_model)
    vector = await query_vector(model, query, Caller(user.pk, kind="embedding"))
    wanted = Wanted(query_terms(query), vector, model.pk)
    top_k = min(top_k, MAX_TOP_K)
    return await in_thread(
        find, user, wanted, top_k=top_k, threshold=threshold, scope=scope, ranking=ranking
    )


def find(
    user: User,
    wanted: "Wanted",
    *,
    top_k: int,
    threshold: float | None = None,
    scope: Scope = EVERYTHING,
    ranking: Ranking = Ranking.FUSED,
) -> list[Hit]:
    """The database half of `search`."""
    try:
        documents, params = _readable(user, scope)
    except EmptyResultSet:  # an empty list of ids: nothing is in scope
        return []
    with reading_as(user):
        rows = _scored(documents, params, wanted, ranking)
        if threshold is not None:
            rows = [row for row in rows if row[1] >= threshold]
        return _hits(rows, top_k)


def _readable(user: User, scope: Scope) -> tuple[str, tuple[Any, ...]]:
    """SQL of the ids of the documents in scope: the access rule is part of the ranking."""
    collections = _collections(user, scope)
    # Not by status: a document that is read again is found by its old text until then.
    documents = Document.objects.filter(collection__in=collections.values("id"))
    if scope.documents is not None:
        documents = documents.filter(id__in=list(scope.documents))
    if scope.language:
        documents = documents.filter(language=scope.language)
    return documents.order_by().values("id", "collection_id").query.sql_with_params()


def _collections(user: User, scope: Scope) -> QuerySet[Collection]:
    if scope.collections is not None:
        return Collection.objects.visible_to(user).filter(id__in=list(scope.collections))
    if scope.documents is not None:
        return Collection.objects.visible_to(user)
    of_this_chat = ~Q(kind=Collection.Kind.CHAT) | Q(id=scope.chat)
    return Collection.objects.meant_for(user).filter(of_this_chat)


COUNTED = """
select count(*) from documents_chunkvector
where embedding_model_id = %s and document_id in (select id from ({documents}) readable)
"""

SCORED = """
with ok as materialized ({documents}),
sets as materialized (
  select coalesce(array_agg(distinct collection_id), '{{}}') collections,
         coalesce(array_agg(id), '{{}}') documents from ok),
dense as materialized ({dense}),
hit as materialized (
  select term, chunk_ids, weights from documents_posting
  where collection_id = any ((select collections from sets)::uuid[]) and term = any (%s)
    and document_id = any ((select documents from sets)::uuid[])),
idf as materialized (
  select term, ln(greatest((%s + 1) / (sum(cardinality(chunk_ids)) + 0.5), 1))::real idf
  from hit group by term),
bm as materialized (
  select entry.id, sum(entry.weight * idf.idf) score
  from hit join idf using (term), unnest(hit.chunk_ids, hit.weights) entry(id, weight)
  group by entry.id){candidates}
select id, cos, coalesce(score, 0)::float8,
       cos + coalesce(score / (select nullif(max(score), 0) from bm), 0)::float8 fused
from {ranked} left join bm using (id)
order by {order} desc nulls last, id limit %s
"""

ORDER = {Ranking.FUSED: "fused", Ranking.VECTORS: "cos", Ranking.WORDS: "score"}

EXACT = """
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos from documents_chunkvector
  where embedding_model_id = %s
    and collection_id = any ((select collections from sets)::uuid[])
    and document_id = any ((select documents from sets)::uuid[])"""

NEAREST = """
  select chunk_id id from documents_chunkvector
  where embedding_model_id = {model} and document_id = any ((select documents from sets)::uuid[])
  order by vector::halfvec({dimensions}) <=> %s::halfvec limit {limit}"""

CANDIDATE = """,
best as materialized (
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos from documents_chunkvector
  where embedding_model_id = %s and chunk_id in (
    select id from dense union (select id from bm order by score desc limit {limit})))"""


def _scored(
    documents: str,
    params: tuple[Any, ...],
    wanted: Wanted,
    ranking: Ranking,
) -> list[tuple[int, float, float, float]]:
    """[(chunk id, cosine, BM25, fused)], best first, a few more than anyone asks for."""
    text = "[" + ",".join(f"{value:.6g}" for value in wanted.vector.tolist()) + "]"
    model_id, terms = wanted.model_id, list(wanted.terms)
    with connection.cursor() as cursor:
        counted = COUNTED.format(documents=documents)
        cursor.execute(counted, [model_id, *params])
        total = cursor.fetchone()[0]
        if total <= EXACT_LIMIT:
            sql = SCORED.format(
                documents=documents,
                dense=EXACT,
                candidates="",
                ranked="dense",
                order=ORDER[ranking],
            )
            middle: list[Any] = [text, model_id, terms, total]
        else:
            nearest = NEAREST.format(
                model=int(model_id), dimensions=len(wanted.vector), limit=CANDIDATES
            )
            sql = SCORED.format(
                documents=documents,
                dense=nearest,
                candidates=CANDIDATE.format(limit=CANDIDATES),
                ranked="best",
                order=ORDER[ranking],
            )
            middle = [text, terms, total, text, model_id]
            cursor.execute("set local hnsw.ef_search = 100")
        cursor.execute(sql, [*params, *middle, MAX_TOP_K * 3])
        rows: list[tuple[int, float, float, float]] = cursor.fetchall()
    return rows


def _hits(rows: Sequence[tuple[int, float, float, float]], top_k: int) -> list[Hit]:
    """Rows as hits; a passage that repeats an earlier one word for word is left out."""
    chunks = Chunk.objects.select_related("document").in_bulk([row[0] for row in rows])
    hits: list[Hit] = []
    seen: set[str] = set()
    for chunk_id, cosine, lexical, fused in rows:
        chunk = chunks.get(chunk_id)
        if chunk is None:
            continue
        same = " ".join(chunk.text.lower().split())
        if same in seen:
            continue
        seen.add(same)
        hits.append(_hit(chunk, cosine, lexical, fused))
        if len(hits) == top_k:
            break
    return hits


def _hit(chunk: Chunk, cosine: float, lexical: float, fused: float) -> Hit:
    document = chunk.document
    return Hit(
        chunk_id=chunk.pk,
        document_id=document.id,
        filename=document.original_filename,
        title=document.title,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        heading=chunk.heading,
        text=chunk.text,
        ordinal=chunk.ordinal,
        score=cosine,
        lexical=lexical,
        fused=fused,
    )
