"""The passages worth ranking, with their scores, in one statement over what the asker may read.

Document frequencies are counted in the postings the statement reads, so they are exact for the
asker's own scope and nothing can go stale. BM25: Robertson and Zaragoza, "The Probabilistic
Relevance Framework" (2009), in Lucene's form; the weights are made when a document is processed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from rag.fusion import Candidate

# Up to here every passage in scope is scored exactly; an index scan would be slower and lossy.
EXACT_LIMIT = 20_000
# The best so many by each half are ranked together.
NEAREST = 200
EF_SEARCH = 200
MAX_SCAN_TUPLES = 100_000
INDEX_SCAN = (
    f"set local hnsw.ef_search = {EF_SEARCH};"
    "set local hnsw.iterative_scan = relaxed_order;"
    f"set local hnsw.max_scan_tuples = {MAX_SCAN_TUPLES};"
)
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
    """SQL of (id, collection_id) of the documents in scope; `narrowed`: not whole collections."""

    sql: str
    params: tuple[Any, ...]
    narrowed: bool


@dataclass(frozen=True)
class Scored:
    """`reach` is the share of the query's weight in words that the best page holds, 0 to 1."""

    candidates: list[Candidate]
    mean_cosine: float
    reach: float


COUNTED = """
with ok as materialized ({documents})
select
  (select count(*) from documents_chunkvector
   where embedding_model_id = %s and document_id in (select id from ok)),
  (select coalesce(sum(greatest(page_count, 1)), 0)
   from documents_document where id in (select id from ok))
"""

SCOPE = """
with ok as materialized ({documents}),
sets as materialized (
  select coalesce(array_agg(distinct collection_id), '{{}}') collections,
         coalesce(array_agg(id), '{{}}') documents from ok),
hit as materialized (
  select term, document_id, chunk_ids, weights, page_numbers, page_weights
  from documents_posting
  where collection_id = any ((select collections from sets)::uuid[]) and term = any (%s)
    and document_id = any ((select documents from sets)::uuid[])),
idf as materialized (
  select term,
         ln(greatest((%s + 1) / (sum(cardinality(chunk_ids)) + 0.5), 1))::real idf,
         ln(greatest((%s + 1) / (sum(cardinality(page_numbers)) + 0.5), 1))::real page_idf
  from hit group by term),
bm as materialized (
  select entry.id, sum(entry.weight * idf.idf) score
  from hit join idf using (term), unnest(hit.chunk_ids, hit.weights) entry(id, weight)
  group by entry.id),
paged as materialized (
  select hit.document_id, entry.page, sum(entry.weight * idf.page_idf) score
  from hit join idf using (term),
       unnest(hit.page_numbers, hit.page_weights) entry(page, weight)
  group by 1, 2),
"""

EXACT = """
dense as materialized (
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos from documents_chunkvector
  where embedding_model_id = %s
    and collection_id = any ((select collections from sets)::uuid[])
    and document_id = any ((select documents from sets)::uuid[])),
background as materialized (select avg(cos) mean from dense),
worth as materialized (
  (select id from dense order by cos desc, id limit {nearest}) union
  (select id from bm order by score desc, id limit {nearest})),
found as materialized (select id, cos from dense join worth using (id))
"""

BY_DOCUMENT = "document_id = any ((select documents from sets)::uuid[])"
BY_COLLECTION = "collection_id = any ((select collections from sets)::uuid[])"
INDEXED = """
near as materialized (
  select chunk_id id from documents_chunkvector
  where embedding_model_id = {model} and {within}
  order by vector::halfvec({dimensions}) <=> %s::halfvec limit {nearest}),
background as materialized (
  select avg(1 - (v.vector <=> %s::halfvec))::float8 mean
  from (select id from ok order by md5(id::text) limit {sampled}) few,
       lateral (select vector from documents_chunkvector
                where embedding_model_id = {model} and document_id = few.id limit 3) v),
worth as materialized (
  select id from near union (select id from bm order by score desc, id limit {nearest})),
found as materialized (
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos
  from documents_chunkvector join worth on worth.id = chunk_id
  where embedding_model_id = {model})
"""

WORDED = """
background as materialized (select 0::float8 mean),
found as materialized (
  select id, 0::float8 cos from bm order by score desc, id limit {nearest})
"""

CANDIDATES = """
select c.id, c.document_id, c.page, found.cos, coalesce(bm.score, 0)::float8,
       coalesce(paged.score, 0)::float8, (select mean from background),
       (select sum(page_idf) from idf)::float8, (select count(*) from idf)
from found join documents_chunk c on c.id = found.id
left join bm on bm.id = found.id
left join paged on paged.document_id = c.document_id and paged.page = c.page
"""


def scored(readable: Readable, wanted: Wanted) -> Scored:
    """Called inside a transaction: settings of the index scan hold until its end."""
    with connection.cursor() as cursor:
        counted = COUNTED.format(documents=readable.sql)
        cursor.execute(counted, [*readable.params, wanted.model_id])
        chunks, pages = cursor.fetchone()
        indexed = wanted.vector is not None and chunks > EXACT_LIMIT
        if indexed:
            cursor.execute(INDEX_SCAN)

        def run(dense: str, params: list[Any]) -> list[tuple[Any, ...]]:
            sql = SCOPE.format(documents=readable.sql) + dense + CANDIDATES
            cursor.execute(sql, [*readable.params, list(wanted.terms), chunks, pages, *params])
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

        rows = run(*_dense(readable, wanted, indexed))
        if indexed and len(rows) < min(NEAREST, chunks):
            # The graph does not lead past a crowd of nearer foreign passages.
            rows = run(*_dense(readable, wanted, indexed=False))
    return _scored(rows, wanted, int(pages))


def _dense(readable: Readable, wanted: Wanted, indexed: bool) -> tuple[str, list[Any]]:
    """SQL of the half that vectors do, and its parameters."""
    if wanted.vector is None:
        return WORDED.format(nearest=NEAREST), []
    vector = "[" + ",".join(f"{value:.6g}" for value in wanted.vector.tolist()) + "]"
    if not indexed:
        return EXACT.format(nearest=NEAREST), [vector, wanted.model_id]
    # A long list of documents is asked of every vector the index yields; collections are few.
    sql = INDEXED.format(
        model=int(wanted.model_id),
        dimensions=len(wanted.vector),
        within=BY_DOCUMENT if readable.narrowed else BY_COLLECTION,
        nearest=NEAREST,
        sampled=SAMPLED_DOCUMENTS,
    )
    return sql, [vector, vector, vector]


def _scored(rows: Sequence[tuple[Any, ...]], wanted: Wanted, pages: int) -> Scored:
    if not rows:
        return Scored([], 0.0, 0.0)
    _id, _document, _page, _cosine, _lexical, _paged, mean, weight, terms = rows[0]
    # A word that stands nowhere in the material weighs as much as the rarest that does.
    absent = max(0, wanted.words - terms)
    whole = (weight or 0.0) + absent * float(np.log((pages + 1) / 0.5))
    best = max(row[5] for row in rows)
    return Scored([Candidate(*row[:6]) for row in rows], mean or 0.0, best / whole if whole else 0)
