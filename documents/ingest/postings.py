"""What BM25 reads of a document: for each term its chunks and its pages, with their weights.

Written with the document, and again from the stored passages when the tokeniser has changed.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db import transaction

from documents import lexical
from documents.ingest.embed import passage
from documents.models import Chunk, Document, Posting
from documents.names import title_of

log = logging.getLogger(__name__)
Row = tuple[list[int], list[float], list[int], list[float]]
# Documents in one go of the reconciler.
AT_ONCE = 50


def of(entries: Iterable[tuple[int, int, str, str]]) -> Iterator[tuple[int, Row]]:
    """(term, its row) in the order of terms, so that inserts into the index stay local.

    `entries` are (chunk id, page, indexed text, language).
    """
    rows: dict[int, Row] = {}
    pages: dict[int, Counter[int]] = {}
    for chunk_id, page, text, language in entries:
        counts = lexical.term_counts(text, language)
        pages.setdefault(page, Counter()).update(counts)
        for term, weight in lexical.weights(counts).items():
            row = rows.setdefault(term, ([], [], [], []))
            row[0].append(chunk_id)
            row[1].append(weight)
    for page, counts in pages.items():
        for term, weight in lexical.weights(counts, lexical.AVERAGE_PAGE_WORDS).items():
            rows[term][2].append(page)
            rows[term][3].append(weight)
    yield from sorted(rows.items())


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
        (chunk.pk, chunk.page, passage(title, chunk.heading, chunk.text), chunk.language)
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
