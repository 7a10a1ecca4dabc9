"""The passages worth ranking, with their scores, in one statement over what the asker may read.

Document frequencies are counted in the postings the statement reads, so they are exact for the
asker's own scope and nothing can go stale. BM25: Robertson and Zaragoza, "The Probabilistic
Relevance Framework" (2009), in Lucene's form; the weights are made when a document is processed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from rag.fusion import Candidate
from rag.statements import (
    BY_COLLECTION,
    BY_DOCUMENT,
    BY_HASH,
    BY_ID,
    CANDIDATES,
    DENSE,
    EXACT,
    FEW,
    HITS,
    INDEXED,
    LIKELY,
    MEASURED,
    NARROWED,
    PLAN,
    PLAN_AS_USUAL,
    WHOLE,
    WORDED,
)

# Up to here every passage in scope is scored exactly; an index scan would be slower and lossy.
EXACT_LIMIT = 20_000
# Up to here when the index finds too few, which costs less than a tenth of a second.
EXACT_AT_MOST = 100_000
# The best so many by each half are ranked together.
NEAREST = 200
# Recall@10 .96 and @50 .93 with 200, .97 and .98 with 400, for 5 ms more at 100,000 passages.
EF_SEARCH = 400
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
    """A query as the database takes it; without a vector only words can be looked for.

    `terms`: {term: number of the word it is a stem of}, as documents.lexical.query_terms has it.
    """

    terms: Mapping[int, int]
    vector: np.ndarray[Any, Any] | None
    model_id: int
    # How many different words were asked, of which some may have no terms.
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


@dataclass(frozen=True)
class Measured:
    """What is searched in: its size, and how each statement begins and narrows down.

    `chunks` is told by the `few` documents; where there are no more, it is exact. `fingerprint` is
    another as soon as a document is added, changed, or read by others than before.
    """

    documents: int
    chunks: int
    pages: int
    fingerprint: tuple[int, ...]
    few: list[UUID]
    begin: str
    params: tuple[Any, ...]
    narrowed: bool
    likely: str


def measured(readable: Readable) -> Measured:
    """Called in the transaction of `scored`, in the asker's name."""
    begin, params, documents = _narrowing(readable)
    sql = begin + MEASURED.format(documents=documents, sampled=SAMPLED_DOCUMENTS)
    with connection.cursor() as cursor:
        cursor.execute(PLAN)
        cursor.execute(sql, params)
        collections, count, pages, few, chunks_a_page, *hashes = cursor.fetchone()
        cursor.execute(PLAN_AS_USUAL)
    likely = LIKELY.format(literals=",".join(f"'{UUID(str(each))}'" for each in collections))
    chunks, fingerprint = round(pages * (chunks_a_page or 0)), (count, *(h or 0 for h in hashes))
    narrowed = readable.documents is not None
    return Measured(count, chunks, int(pages), fingerprint, few, begin, params, narrowed, likely)


def scored(scope: Measured, wanted: Wanted) -> Scored:
    """Called inside a transaction: settings of the index scan hold until its end."""
    indexed = wanted.vector is not None and scope.chunks > EXACT_LIMIT
    with connection.cursor() as cursor:
        cursor.execute(INDEX_SCAN + PLAN)
        rows = _rows(cursor, scope, wanted, indexed)
        short = not rows or rows[0][-1] < NEAREST
        if indexed and short and scope.chunks <= EXACT_AT_MOST:
            # The graph does not lead past a crowd of nearer foreign passages.
            rows = _rows(cursor, scope, wanted, indexed=False)
        cursor.execute(PLAN_AS_USUAL)
    return _scored(rows, wanted, scope.pages)


def _narrowing(readable: Readable) -> tuple[str, tuple[Any, ...], str]:
    """(beginning of each statement, its parameters, condition on documents)."""
    collections, params = readable.collections
    if readable.documents is None:
        return WHOLE.format(collections=collections), params, BY_COLLECTION
    documents, more = readable.documents
    begin = NARROWED.format(collections=collections, documents=documents)
    return begin, (*params, *more), BY_COLLECTION + BY_ID


def _rows(cursor: Any, scope: Measured, wanted: Wanted, indexed: bool) -> list[tuple[Any, ...]]:
    within = BY_HASH if indexed else BY_DOCUMENT
    worded = BY_DOCUMENT if scope.documents <= FEW else BY_HASH
    terms: list[Any] = [list(wanted.terms), list(wanted.terms.values()), list(wanted.terms)]
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
        within=BY_COLLECTION + within * scope.narrowed + scope.likely,
        worded=BY_COLLECTION + worded * scope.narrowed + scope.likely,
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
    mean, weight, found = rows[0][6:9]
    # A word that stands nowhere in the material weighs as much as the rarest that does.
    absent = max(0, wanted.words - found)
    whole = (weight or 0.0) + absent * float(np.log((pages + 1) / 0.5))
    best = max(row[5] for row in rows)
    return Scored([Candidate(*row[:6]) for row in rows], mean or 0.0, best / whole if whole else 0)
