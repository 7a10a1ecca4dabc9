"""What BM25 reads of a document: for each term its chunks and its pages, with their weights.

The terms of each passage are counted while later pages are still read; what is left for the end is
sorting. Written with the document, and again from the stored passages when the tokeniser has
changed.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from django.db import transaction

from documents import lexical
from documents.ingest.chunking import Draft, beside
from documents.models import Chunk, Document, Posting
from documents.names import title_of

if TYPE_CHECKING:
    import numpy

    Numbers: TypeAlias = numpy.ndarray[Any, Any]

log = logging.getLogger(__name__)
Row = tuple[list[int], list[float], list[int], list[float]]
# Documents in one go of the reconciler.
AT_ONCE = 50


def indexed(title: str, heading: str, text: str) -> str:
    """What words are looked for in: a passage with its file and all it stands under."""
    return f"{beside(title, heading)}\n{text}"


@dataclass(frozen=True, slots=True)
class Counted:
    """The terms of one passage and how often each is in it, as `lexical.term_counts` has it."""

    stemmer: str
    terms: Numbers
    counts: Numbers

    @classmethod
    def of(cls, text: str, language: str, opening: str = "") -> Counted:
        import numpy as np  # noqa: PLC0415

        found = lexical.term_counts(text, language, opening)
        numbers = np.fromiter(found, np.int32, len(found))
        return cls(
            lexical.stemmer_of(language),
            numbers,
            np.fromiter(found.values(), np.float32, len(found)),
        )

    @classmethod
    def of_passage(cls, title: str, passage: Draft | Chunk, language: str) -> Counted:
        text = indexed(title, passage.heading, passage.text)
        return cls.of(text, language, opening="" if passage.ordinal else passage.text)


@dataclass(frozen=True, slots=True)
class Table:
    """The postings of a document, by term: those of `terms[n]` stand between `starts[n]` and
    `starts[n + 1]`, those of its pages between `page_starts[n]` and `page_starts[n + 1]`.

    In the order of terms, so that inserts into the index stay local.
    """

    terms: Numbers
    starts: Numbers
    chunk_ids: Numbers
    weights: Numbers
    page_starts: Numbers
    page_numbers: Numbers
    page_weights: Numbers


def table(counted: Sequence[Counted], ids: Sequence[int], pages: Sequence[int]) -> Table:
    """`ids` and `pages`: the chunk and the page of each passage."""
    import numpy as np  # noqa: PLC0415

    sizes = [len(one.terms) for one in counted]
    none = np.zeros(0, np.int32)
    terms = np.concatenate([none, *(one.terms for one in counted)])
    counts = np.concatenate([np.zeros(0, np.float32), *(one.counts for one in counted)])
    place = np.repeat(np.arange(len(counted)), sizes)
    weights = _weights(counts, place, len(counted), lexical.AVERAGE_WORDS)
    order = np.argsort(terms, kind="stable")
    found, starts = np.unique(terms[order], return_index=True)
    # A page counts the words of its passages.
    numbers, page_of = np.unique(np.asarray(pages, np.int64), return_inverse=True)
    keys = terms.astype(np.int64) * max(1, len(numbers)) + page_of[place]
    pairs, where = np.unique(keys, return_inverse=True)
    page_counts = np.bincount(where, counts, len(pairs))
    page = pairs % max(1, len(numbers))
    page_terms = pairs // max(1, len(numbers))
    return Table(
        found,
        np.append(starts, len(terms)),
        np.asarray(ids, np.int64)[place[order]],
        weights[order],
        np.append(np.searchsorted(page_terms, found), len(pairs)),
        numbers[page],
        _weights(page_counts, page, len(numbers), lexical.AVERAGE_PAGE_WORDS),
    )


def _weights(counts: Numbers, owner: Numbers, owners: int, average: float) -> Numbers:
    """As `lexical.weights`, for all passages or pages at once; `owner` says whose each count is."""
    import numpy as np  # noqa: PLC0415

    lengths = np.bincount(owner, counts, owners)
    weights: Numbers = counts / (counts + lexical.floor(lengths, average)[owner])
    return weights


def of(entries: Iterable[tuple[int, int, Counted]]) -> Iterator[tuple[int, Row]]:
    """(term, its row) in the order of terms; `entries` are (chunk id, page, what was counted)."""
    ids, pages, counted = [], [], []
    for chunk_id, page, one in entries:
        ids.append(chunk_id)
        pages.append(page)
        counted.append(one)
    made = table(counted, ids, pages)
    chunks = itertools.pairwise(made.starts.tolist())
    on_pages = itertools.pairwise(made.page_starts.tolist())
    for number, (a, b), (c, d) in zip(made.terms.tolist(), chunks, on_pages, strict=True):
        row = made.chunk_ids[a:b], made.weights[a:b], made.page_numbers[c:d], made.page_weights[c:d]
        first, second, third, fourth = (part.tolist() for part in row)
        yield number, (first, second, third, fourth)


def rewrite_outdated() -> int:
    """Write some postings of an older tokeniser again; how many documents there were."""
    ready = Document.objects.filter(status=Document.Status.PROCESSED)
    old = ready.filter(lexical_version__lt=lexical.VERSION).order_by("-uploaded_at")
    ids = list(old.values_list("id", flat=True)[:AT_ONCE])
    for document_id in ids:
        _rewrite(document_id)
    if ids:
        log.info("postings of %d documents were written again", len(ids))
    return len(ids)


@transaction.atomic
def _rewrite(document_id: UUID) -> None:
    """Under the lock of the row: whoever reads the document again writes new postings anyway."""
    locked = Document.objects.select_for_update().filter(
        id=document_id, status=Document.Status.PROCESSED, lexical_version__lt=lexical.VERSION
    )
    document = locked.first()
    if document is None:
        return
    title = title_of(document.original_filename)
    chunks = Chunk.objects.filter(document=document).order_by("ordinal")
    entries = (
        (chunk.pk, chunk.page, Counted.of_passage(title, chunk, chunk.language))
        for chunk in chunks.iterator(chunk_size=500)
    )
    rows = [
        Posting(
            collection_id=document.collection_id,
            document=document,
            term=term,
            chunk_ids=row[0],
            weights=row[1],
            page_numbers=row[2],
            page_weights=row[3],
        )
        for term, row in of(entries)
    ]
    stale = Posting.objects.filter(document=document)
    stale._raw_delete(stale.db)
    Posting.objects.bulk_create(rows, batch_size=1000)
    Document.objects.filter(id=document.id).update(lexical_version=lexical.VERSION)
