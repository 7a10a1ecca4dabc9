"""What was read, into the database: one transaction by COPY, so nobody sees half a document."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models.functions import Now

from documents import lexical, switching
from documents.ingest import origins, postings, shelf, unchanged
from documents.ingest.chunking import Draft
from documents.ingest.copying import arrays, copy_blocks, copy_rows, vector_rows
from documents.ingest.frames import READING_VERSION, Info, PageText
from documents.ingest.lease import Lease, LeaseLost
from documents.models import Chunk, ChunkVector, Document, Page, Posting
from llm.models import EmbeddingModel

if TYPE_CHECKING:
    import numpy


@dataclass(frozen=True)
class Reading:
    """All that was read of a document; `languages`, `digests`, `counted` and each model's vectors:
    one a draft."""

    info: Info
    pages: Sequence[PageText]
    drafts: Sequence[Draft]
    languages: Sequence[str]
    language: str
    title: str
    digests: Sequence[bytes]
    counted: Sequence[postings.Counted]
    vectors: "dict[EmbeddingModel, numpy.ndarray]"


class ModelSwitched(Exception):
    """Search uses another embedding model by now, and this document has no vectors by it."""


def store(lease: Lease, document: Document, reading: Reading) -> None:
    """Replace what was stored of the document and mark it PROCESSED.

    Raises LeaseLost and ModelSwitched.

    The token is asked for last, in the same transaction: an old copy that wakes late has then
    written nothing. Until then only a key-share lock is held on the row (by the foreign keys), so
    heartbeats go through and a deletion waits.
    """
    # Before the transaction, which is then short: numbers that are taken in vain are no loss.
    ids = _new_ids(len(reading.drafts))
    terms = postings.table(reading.counted, ids, [draft.page for draft in reading.drafts])
    with transaction.atomic():
        if not lease.row().exists():
            raise LeaseLost
        switching.hold()
        wanted = switching.models_to_write()
        if wanted[0] not in reading.vectors:
            raise ModelSwitched
        _stay(document)
        _lock_chunks(document)
        shelf.clear(document.id)
        if document.source_url and unchanged.is_stored(document, reading, wanted[0]):
            _finish(lease, document, reading)
            return
        if document.source_url:
            lease.row().update(summary="")  # of what the page said before
        for table in (ChunkVector, Posting, Page):
            rows = table.objects.filter(document=document)
            rows._raw_delete(rows.db)
        Chunk.objects.filter(document=document).delete()
        copy_rows(Page._meta.db_table, PAGE_COLUMNS, PAGE_TYPES, _page_rows(document, reading))
        copy_rows(
            Chunk._meta.db_table, CHUNK_COLUMNS, CHUNK_TYPES, _chunk_rows(document, reading, ids)
        )
        for model in wanted:
            if model in reading.vectors:
                vectors = _vector_rows(document, reading, ids, model)
                copy_blocks(ChunkVector._meta.db_table, VECTOR_COLUMNS, vectors)
        copy_blocks(Posting._meta.db_table, POSTING_COLUMNS, _posting_rows(document, terms))
        _finish(lease, document, reading)


PAGE_COLUMNS = ("document_id", "number", "text", "width", "height", "boxes", "label")
PAGE_TYPES = ("uuid", "int4", "text", "float8", "float8", "bytea", "varchar")
CHUNK_COLUMNS = (
    "id",
    "document_id",
    "collection_id",
    "ordinal",
    "page",
    "start",
    "end",
    "heading",
    "text",
    "language",
    "word_count",
    "passage_digest",
)
CHUNK_TYPES = (
    *("int8", "uuid", "uuid", "int4", "int4", "int4", "int4"),
    *("varchar", "text", "varchar", "int4", "bytea"),
)
VECTOR_COLUMNS = ("embedding_model_id", "chunk_id", "collection_id", "document_id", "vector")
POSTING_COLUMNS = (
    "collection_id",
    "term",
    "document_id",
    "chunk_ids",
    "weights",
    "page_numbers",
    "page_weights",
)


def _page_rows(document: Document, reading: Reading) -> Iterator[Any]:
    for page in reading.pages:
        yield (document.id, *(getattr(page, name) for name in PAGE_COLUMNS[1:]))


def _chunk_rows(document: Document, reading: Reading, ids: Sequence[int]) -> Iterator[Any]:
    for id_, draft, language, digest in zip(
        ids, reading.drafts, reading.languages, reading.digests, strict=True
    ):
        yield (
            id_,
            document.id,
            document.collection_id,
            draft.ordinal,
            draft.page,
            draft.start,
            draft.end,
            draft.heading,
            draft.text,
            language,
            draft.word_count,
            digest,
        )


def _vector_rows(
    document: Document, reading: Reading, ids: Sequence[int], model: EmbeddingModel
) -> Iterator[bytes]:
    import numpy  # noqa: PLC0415

    before: list[Any] = [
        numpy.array(model.pk, numpy.int16),
        numpy.array(ids, numpy.int64),
        document.collection_id.bytes,
        document.id.bytes,
    ]
    return vector_rows(before, reading.vectors[model])


def _posting_rows(document: Document, made: postings.Table) -> Iterator[bytes]:
    starts, page_starts = made.starts.tolist(), made.page_starts.tolist()
    lists = zip(
        arrays("int8", made.chunk_ids, starts),
        arrays("float4", made.weights, starts),
        arrays("int4", made.page_numbers, page_starts),
        arrays("float4", made.page_weights, page_starts),
        strict=True,
    )
    before = struct.pack(">hi16s", len(POSTING_COLUMNS), 16, document.collection_id.bytes)
    middle = struct.Struct(">iii16s")
    for term, fields in zip(made.terms.tolist(), lists, strict=True):
        yield before + middle.pack(4, term, 16, document.id.bytes) + b"".join(fields)


def _stay(document: Document) -> None:
    """Keep the document where it is until the commit: it may have been moved since it was read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select collection_id from documents_document where id = %s for key share",
            [document.id],
        )
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost
    document.collection_id = row[0]


def _lock_chunks(document: Document) -> None:
    """Keep a change of the embedding model from adding vectors to what is about to go."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id from documents_chunk where document_id = %s order by id for update",
            [document.id],
        )


def _new_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select nextval(pg_get_serial_sequence('documents_chunk', 'id')) "
            "from generate_series(1, %s)",
            [count],
        )
        return [row[0] for row in cursor.fetchall()]


def _finish(lease: Lease, document: Document, reading: Reading) -> None:
    fields = {
        "status": Document.Status.PROCESSED,
        "stage": "",
        "progress": 100,
        "seconds_left": None,
        "error_code": "",
        "lease_token": None,
        "lease_until": None,
        "page_count": reading.info.page_count,
        "title": reading.info.title[:500],
        "author": reading.info.author[:500],
        "created_on": _day(reading.info.created),
        "reading_version": READING_VERSION,
        "language": reading.language or _short(reading.info.language),
        "page_unit": _unit(reading.info.unit),
        "read_share": min(1.0, max(0.0, reading.info.read)),
        "recognised_pages": reading.info.recognised,
        "rows_cut": reading.info.rows_cut,
        "is_repaired": reading.info.repaired,
        "lexical_version": lexical.VERSION,
        "processed_at": Now(),
        **origins.columns(document, reading.info),
    }
    if not lease.row().update(**fields):
        raise LeaseLost


def _short(tag: str) -> str:
    """The language of a tag such as id-ID, when nothing could be told from the words."""
    code = tag.replace("_", "-").split("-")[0].lower()
    return code if code.isascii() and code.isalpha() and len(code) in (2, 3) else ""


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _unit(given: str) -> str:
    """The child's word for it, if it is one of ours."""
    return given if given in Document.PageUnit.values else Document.PageUnit.PAGE
