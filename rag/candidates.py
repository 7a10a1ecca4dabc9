"""The passages worth ranking, with their scores, in one statement over what the asker may read.

Document frequencies are counted in the postings the statement reads, so they are exact for the
asker's own scope and nothing can go stale. BM25: Robertson and Zaragoza, "The Probabilistic
Relevance Framework" (2009), in Lucene's form; the weights are made when a document is processed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from rag.fusion import Candidate

# Up to here every passage in scope is scored exactly; an index scan would be slower and lossy.
EXACT_LIMIT = 20_000
# Up to here when the index finds too few, which costs less than a tenth of a second.
EXACT_AT_MOST = 100_000
# The best so many by each half are ranked together.
NEAREST = 200
EF_SEARCH = 200
MAX_SCAN_TUPLES = 100_000
INDEX_SCAN = (
    f"set local hnsw.ef_search = {EF_SEARCH};"
    "set local hnsw.iterative_scan = relaxed_order;"
    f"set local hnsw.max_scan_tuples = {MAX_SCAN_TUPLES};"
)
# PostgreSQL expects a handful of rows where there are thousands, and would join them one by one;
# and it expects that a scope it does not know is the whole table.
PLAN = "set local enable_nestloop = off; set local enable_seqscan = off;"
PLAN_AS_USUAL = "set local enable_nestloop to default; set local enable_seqscan to default"
# In a large scope the mean cosine is taken over a few passages of so many documents.
SAMPLED_DOCUMENTS = 100


@dataclass(frozen=True)
class Wanted:
    """A query as the database takes it; without a vector only words can be looked for."""

    terms: Sequence[int]
    vector: np.ndarray[Any, Any] | None
    model_id: int
    # How many different words the terms are stems of.
    words: int = 0
    # "en" or "id" where its little words tell.
    language: str = ""


@dataclass(frozen=True)
class Readable:
    """What is in scope, as SQL with its parameters: ids of collections, and of documents in them
    where the scope is narrower than whole collections."""

    collections: tuple[str, tuple[Any, ...]]
    documents: tuple[str, tuple[Any, ...]] | None = None


@dataclass(frozen=True)
class Scored:
    """`reach` is the share of the query's weight in words that the best page holds, 0 to 1."""

    candidates: list[Candidate]
    mean_cosine: float
    reach: float


WHOLE = """
with sets as materialized (select array(select id from ({collections}) c) collections),
"""
NARROWED = """
with sets as materialized (
  select array(select id from ({collections}) c) collections,
         array(select id from ({documents}) d) documents),
"""
# The list decides. The same as literals only tells the planner which of its indexes to use.
BY_COLLECTION = "collection_id = any ((select collections from sets)::uuid[])"
LIKELY = " and collection_id = any (array[{literals}]::uuid[])"
# A few documents are looked up in an index; many are asked of each row by a hash, which
# "is not false" keeps from becoming a join.
BY_FEW = " and document_id = any ((select documents from sets)::uuid[])"
BY_ID = " and id = any ((select documents from sets)::uuid[])"
BY_MANY = " and (document_id in (select unnest(documents) from sets)) is not false"
FEW = 100

# How many passages there are is told by some documents, always the same, and by all of a few.
MEASURED = """
docs as materialized (
  select id, greatest(page_count, 1) pages from documents_document where {documents}),
few as materialized (select id, pages from docs order by uuid_hash(id), id limit {sampled})
select (select collections from sets), count(*), coalesce(sum(pages), 0),
       (select coalesce(array_agg(id), '{{}}') from few),
       (select sum((select coalesce(max(ordinal) + 1, 0) from documents_chunk
                    where document_id = few.id))::float8 / sum(pages) from few)
from docs
"""

HITS = """
hit as materialized (
  select term, document_id, chunk_ids, weights, page_numbers, page_weights
  from documents_posting where {within} and term = any (%s)),
idf as materialized (
  select term,
         ln(greatest(({chunks} + 1) / (sum(cardinality(chunk_ids)) + 0.5), 1))::real idf,
         ln(greatest(({pages} + 1) / (sum(cardinality(page_numbers)) + 0.5), 1))::real page_idf
  from hit group by term),
bm as materialized (
  select id, sum(weight) score
  from (select unnest(chunk_ids) id, unnest(weights) * idf weight from hit join idf using (term)) e
  group by id),
"""

DENSE = """
dense as materialized (
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos from documents_chunkvector
  where embedding_model_id = {model} and {within}),
"""
EXACT = """
background as materialized (select avg(cos) mean, count(*) nearest from dense),
worth as materialized (
  (select id from dense order by cos desc, id limit {nearest}) union
  (select id from bm order by score desc, id limit {nearest})),
found as materialized (select id, cos from dense join worth using (id)),
"""

INDEXED = """
near as materialized (
  select chunk_id id from documents_chunkvector
  where embedding_model_id = {model} and {within}
  order by vector::halfvec({dimensions}) <=> %s::halfvec limit {nearest}),
background as materialized (
  select avg(1 - (v.vector <=> %s::halfvec))::float8 mean, (select count(*) from near) nearest
  from unnest(%s::uuid[]) few(id),
       lateral (select vector from documents_chunkvector
                where embedding_model_id = {model} and document_id = few.id limit 3) v),
worth as materialized (
  select id from near union (select id from bm order by score desc, id limit {nearest})),
found as materialized (
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos from documents_chunkvector
  where embedding_model_id = {model} and chunk_id = any (array(select id from worth))),
"""

WORDED = """
background as materialized (select 0::float8 mean, 0 nearest),
found as materialized (
  select id, 0::float8 cos from bm order by score desc, id limit {nearest}),
"""

CANDIDATES = """
place as materialized (
  select id, document_id, page from documents_chunk where id = any (array(select id from found))),
paged as materialized (
  select document_id, page, sum(weight) score
  from (select document_id, unnest(page_numbers) page, unnest(page_weights) * page_idf weight
        from hit join idf using (term)
        where document_id in (select document_id from place)) e
  group by document_id, page)
select id, place.document_id, place.page, found.cos, coalesce(bm.score, 0)::float8,
       coalesce(paged.score, 0)::float8, (select mean from background),
       (select sum(page_idf) from idf)::float8, (select count(*) from idf),
       (select nearest from background)
from found join place using (id) left join bm using (id)
left join paged on paged.document_id = place.document_id and paged.page = place.page
"""


def scored(readable: Readable, wanted: Wanted) -> Scored:
    """Called inside a transaction: settings of the index scan hold until its end."""
    with connection.cursor() as cursor:
        cursor.execute(INDEX_SCAN + PLAN)
        scope = _scope(cursor, readable)
        indexed = wanted.vector is not None and scope.chunks > EXACT_LIMIT
        rows = _rows(cursor, scope, wanted, indexed)
        short = not rows or rows[0][-1] < NEAREST
        if indexed and short and scope.chunks <= EXACT_AT_MOST:
            # The graph does not lead past a crowd of nearer foreign passages.
            rows = _rows(cursor, scope, wanted, indexed=False)
        cursor.execute(PLAN_AS_USUAL)
    return _scored(rows, wanted, scope.pages)


@dataclass(frozen=True)
class _Scope:
    """What is searched in: its size, and how each statement begins and narrows down.

    `chunks` is told by the `few` documents; where there are no more, it is exact.
    """

    chunks: int
    pages: int
    few: list[UUID]
    begin: str
    params: tuple[Any, ...]
    within: str


def _scope(cursor: Any, readable: Readable) -> _Scope:
    begin, params, within, documents = _narrowing(readable)
    sql = begin + MEASURED.format(documents=documents, sampled=SAMPLED_DOCUMENTS)
    cursor.execute(sql, params)
    collections, count, pages, few, chunks_a_page = cursor.fetchone()
    if readable.documents is not None and count > FEW:
        within = BY_COLLECTION + BY_MANY
    within += LIKELY.format(literals=",".join(f"'{UUID(str(each))}'" for each in collections))
    return _Scope(round(pages * (chunks_a_page or 0)), int(pages), few, begin, params, within)


def _narrowing(readable: Readable) -> tuple[str, tuple[Any, ...], str, str]:
    """(beginning, its parameters, condition on passages, condition on documents)."""
    collections, params = readable.collections
    if readable.documents is None:
        return WHOLE.format(collections=collections), params, BY_COLLECTION, BY_COLLECTION
    documents, more = readable.documents
    begin = NARROWED.format(collections=collections, documents=documents)
    return begin, (*params, *more), BY_COLLECTION + BY_FEW, BY_COLLECTION + BY_ID


def _rows(cursor: Any, scope: _Scope, wanted: Wanted, indexed: bool) -> list[tuple[Any, ...]]:
    terms: list[Any] = [list(wanted.terms)]
    exactly = wanted.vector is not None and not indexed
    if wanted.vector is None:
        sql, params = HITS + WORDED, terms
    else:
        vector = "[" + ",".join(f"{value:.6g}" for value in wanted.vector.tolist()) + "]"
        if indexed:
            sql, params = HITS + INDEXED, [*terms, vector, vector, scope.few, vector]
        else:
            sql, params = DENSE + HITS + EXACT, [vector, *terms]
    sql = scope.begin + (sql + CANDIDATES).format(
        within=scope.within,
        chunks="(select count(*) from dense)" if exactly else scope.chunks,
        pages=scope.pages,
        nearest=NEAREST,
        model=int(wanted.model_id),
        dimensions=0 if wanted.vector is None else len(wanted.vector),
    )
    cursor.execute(sql, [*scope.params, *params])
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _scored(rows: Sequence[tuple[Any, ...]], wanted: Wanted, pages: int) -> Scored:
    if not rows:
        return Scored([], 0.0, 0.0)
    mean, weight, terms = rows[0][6:9]
    # A word that stands nowhere in the material weighs as much as the rarest that does.
    absent = max(0, wanted.words - terms)
    whole = (weight or 0.0) + absent * float(np.log((pages + 1) / 0.5))
    best = max(row[5] for row in rows)
    return Scored([Candidate(*row[:6]) for row in rows], mean or 0.0, best / whole if whole else 0)
