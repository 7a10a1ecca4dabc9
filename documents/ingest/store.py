"""What was read, into the database: one transaction by COPY, so nobody sees half a document."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models.functions import Now
from pgvector import HalfVector

from documents import lexical, switching
from documents.ingest import origins, postings, shelf, unchanged
from documents.ingest.chunking import Draft
from documents.ingest.embed import passage
from documents.ingest.frames import READING_VERSION, Info, PageText
from documents.ingest.lease import Lease, LeaseLost
from documents.models import Chunk, ChunkVector, Document, Page, Posting
from llm.models import EmbeddingModel

if TYPE_CHECKING:
    import numpy


@dataclass(frozen=True)
class Reading:
    """All that was read of a document; `languages` and each model's vectors: one a draft."""

    info: Info
    pages: Sequence[PageText]
    drafts: Sequence[Draft]
    languages: Sequence[str]
    language: str
    title: str
    vectors: "Mapping[EmbeddingModel, numpy.ndarray]"


class ModelSwitched(Exception):
    """Search uses another embedding model by now, and this document has no vectors by it."""


def store(lease: Lease, document: Document, reading: Reading) -> None:
    """Replace what was stored of the document and mark it PROCESSED.

    Raises LeaseLost and ModelSwitched.

    The token is asked for last, in the same transaction: an old copy that wakes late has then
    written nothing. Until then only a key-share lock is held on the row (by the foreign keys), so
    heartbeats go through and a deletion waits.
    """
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
        for table in (ChunkVector, Posting, Page):
            rows = table.objects.filter(document=document)
            rows._raw_delete(rows.db)
        Chunk.objects.filter(document=document).delete()
        ids = _new_ids(len(reading.drafts))
        _copy(
            Page,
            PAGE_COLUMNS,
            (
                (document.id, *(getattr(page, name) for name in PAGE_COLUMNS[1:]))
                for page in reading.pages
            ),
        )
        _copy(Chunk, CHUNK_COLUMNS, _chunk_rows(document, reading, ids))
        for model in wanted:
            if model in reading.vectors:
                _copy(ChunkVector, VECTOR_COLUMNS, _vector_rows(document, reading, ids, model))
        _copy(Posting, POSTING_COLUMNS, _posting_rows(document, reading, ids))
        _finish(lease, document, reading)


PAGE_COLUMNS = ("document_id", "number", "text", "width", "height", "boxes", "label")
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


def _chunk_rows(document: Document, reading: Reading, ids: Sequence[int]) -> Iterator[Any]:
    for id_, draft, language in zip(ids, reading.drafts, reading.languages, strict=True):
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
        )


def _vector_rows(
    document: Document, reading: Reading, ids: Sequence[int], model: EmbeddingModel
) -> Iterator[Any]:
    for id_, vector in zip(ids, reading.vectors[model], strict=True):
        text = HalfVector(vector).to_text()
        yield model.pk, id_, document.collection_id, document.id, text


def _posting_rows(document: Document, reading: Reading, ids: Sequence[int]) -> Iterator[Any]:
    entries = (
        (id_, draft.page, passage(reading.title, draft.heading, draft.text), language)
        for id_, draft, language in zip(ids, reading.drafts, reading.languages, strict=True)
    )
    for term, row in postings.of(entries):
        yield document.collection_id, term, document.id, *row


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


def _copy(model: type[Any], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY refuses tables with row-level security: it fills a table of this transaction first."""
    table, names = model._meta.db_table, ", ".join(f'"{name}"' for name in columns)
    like_it = f'select {names} from "{table}" with no data'  # noqa: S608  names of ours
    into_it = f'insert into "{table}" ({names}) select {names} from arriving'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table arriving on commit drop as {like_it}")
        with cursor.copy(f"copy arriving ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(into_it)
        cursor.execute("drop table arriving")


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
