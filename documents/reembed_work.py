"""The work of a `ReembedJob`: passage after passage, by whoever holds the job's lease.

Vectors are stored every two seconds or so: that is what a killed worker loses, and nothing else.
A slice of the work ends after half a minute and goes to the back of the queue: uploads need not
wait for hours of it.
"""

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from pgvector import HalfVector

from core.errors import Conflict, NotFound
from documents import switching, vector_indexes
from documents.ingest import lease as leases
from documents.ingest.embed import EmbedderFailed, Embedding, digest_of, passage
from documents.ingest.frames import Unreadable
from documents.models import Chunk, ChunkVector, Document, PendingVector, ReembedJob
from documents.names import title_of
from documents.reembed_lease import JobLease, Lost, SliceOver
from llm.models import EmbeddingModel
from llm.services import Caller, embedder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.ingest.embed import Vector

log = logging.getLogger(__name__)
Status = ReembedJob.Status
# After a failure wait longer each time; after the last of these the job has failed.
PAUSES = (5, 15, 60, 180, 600)


def run(job_id: UUID) -> bool:
    """Work on the job for a while, if it is there to be worked on; True: send it again."""
    lease = JobLease.claim(job_id)
    return lease is not None and _work(lease)


def _work(lease: JobLease) -> bool:
    try:
        with lease.kept():
            _prepare(lease)
        return False
    except Lost:
        log.info("the change to %s was canceled or taken over", lease.job.model)
    except SliceOver:
        lease.release()
        return not leases.is_stopping()
    except EmbedderFailed as error:
        log.warning("the change to %s met an error: %s", lease.job.model, error)
        _pause(lease, error.code, hopeless=not error.retryable)
    except Unreadable as error:
        log.warning("the change to %s met an error: %s", lease.job.model, error)
        _pause(lease, "other_dimensions", hopeless=True)
    except Exception:
        log.exception("the change to %s met an error", lease.job.model)
        _pause(lease, "internal")
    return False


def _pause(lease: JobLease, code: str, hopeless: bool = False) -> None:
    """Try again after a while, or end as FAILED; what was embedded stays."""
    failures = ReembedJob.objects.values_list("failures", flat=True).get(id=lease.job.id)
    if hopeless or failures >= len(PAUSES):
        fields: dict[str, Any] = {"status": Status.FAILED, "finished_at": Now()}
    else:
        fields = {"retry_at": Now() + timedelta(seconds=PAUSES[failures])}
    lease.release(failures=failures + 1, error_code=code, seconds_left=None, **fields)


def _prepare(lease: JobLease) -> None:
    """Rounds over all documents, until one finds nothing to do and the switch is made."""
    model = lease.job.model
    while True:
        for document in _documents_without(model):
            lease.check()
            _embed_document(lease, document)
        _count(lease)
        finished: dict[str, Any] = {
            "status": Status.DONE,
            "done": F("total"),
            "seconds_left": None,
            "error_code": "",
            "finished_at": Now(),
            "lease_token": None,
            "lease_until": None,
        }
        # After the vectors: built in one go it takes a fraction of what adding each one costs.
        vector_indexes.build(model)
        if _waits_for_a_yes(lease):
            return
        if switching.switch(lease.job, lease.row(), **finished):
            log.info("searches use %s from now on", model)
            return
        lease.check()


def _waits_for_a_yes(lease: JobLease) -> bool:
    """Whether something speaks against searching with this model; the job rests then."""
    if lease.job.approved or not settings.EVALUATE_BEFORE_SWITCH:
        return False
    found = switching.objections(lease.job, lease.check)
    if found:
        log.warning("the change to %s waits for a decision", lease.job.model)
        lease.release(objections=found, seconds_left=None)
    return bool(found)


def _documents_without(model: EmbeddingModel) -> list[Document]:
    ids = switching.missing(model).order_by().values("document_id").distinct()
    found = Document.objects.filter(id__in=ids).only("id", "original_filename")
    return list(found.order_by("uploaded_at", "id"))


def _count(lease: JobLease) -> None:
    total = Chunk.objects.count()
    done = ChunkVector.objects.filter(embedding_model=lease.job.model).count()
    lease.write(total=total, done=min(done, total))


def _embed_document(lease: JobLease, document: Document) -> None:
    model = lease.job.model
    title = title_of(document.original_filename)
    places: dict[bytes, list[int]] = {}
    chunks = switching.missing(model).filter(document=document).order_by()
    texts = []
    for chunk_id, heading, text in chunks.values_list("id", "heading", "text"):
        texts.append(passage(title, heading, text))
        places.setdefault(digest_of(texts[-1]), []).append(chunk_id)
    started, written = time.monotonic(), 0

    def keep(digests: "Sequence[bytes]", rows: "Vector") -> None:
        nonlocal written
        pairs = [
            (chunk_id, HalfVector(row).to_text())
            for digest, row in zip(digests, rows, strict=True)
            for chunk_id in places[digest]
        ]
        written += len(pairs)
        _store(lease, document, pairs, written / max(0.001, time.monotonic() - started))
        lease.check()

    hired = embedder(model, Caller(user_id=lease.job.started_by_id, kind="embedding"))
    embedding = Embedding(hired, model.dimensions, keep=keep)
    try:
        for text in texts:
            embedding.add(text)
        embedding.finish()
    finally:
        embedding.close()


STORE = """
with alive as materialized (
  select id, collection_id, document_id from documents_chunk
  where id = any(%s) order by id for key share)
insert into documents_chunkvector
  (embedding_model_id, chunk_id, collection_id, document_id, vector)
select %s, alive.id, alive.collection_id, alive.document_id, made.vector::halfvec
from alive join unnest(%s::bigint[], %s::text[]) made(id, vector) using (id)
on conflict do nothing
"""


def _store(
    lease: JobLease, document: Document, pairs: "Sequence[tuple[int, str]]", rate: float
) -> None:
    """Write (passage, vector) for those passages that still exist, and count; raises Lost.

    `rate` is in passages a second.
    """
    ids = [chunk_id for chunk_id, _vector in pairs]
    with transaction.atomic(), connection.cursor() as cursor:
        # Locked: whoever cancels waits for this batch, and nothing is written after that.
        job = lease.row().select_for_update().first()
        if job is None:
            raise Lost
        # Deleting a document takes this lock first: either waits for the other.
        cursor.execute(
            "select 1 from documents_document where id = %s for key share", [document.id]
        )
        vectors = [vector for _id, vector in pairs]
        cursor.execute(STORE, [ids, lease.job.model_id, ids, vectors])
        done = min(job.total, job.done + cursor.rowcount)
        lease.write(
            done=done,
            embedded=job.embedded + cursor.rowcount,
            seconds_left=round((job.total - done) / rate),
            failures=0,
            error_code="",
        )


REMOVED_AT_ONCE = 20_000


def remove_vectors(model_id: int) -> bool:
    """Delete a model's vectors and then the model; False when it has come into use.

    In short transactions; safe to call twice and to be killed.
    """
    if not _unused(model_id):
        return False
    vector_indexes.drop(EmbeddingModel(pk=model_id))
    while _unused(model_id):
        with transaction.atomic(), connection.cursor() as cursor:
            model = switching.unused(model_id)
            cursor.execute(
                "delete from documents_chunkvector where ctid = any(array(select ctid "
                "from documents_chunkvector where embedding_model_id = %s limit %s))",
                [model_id, REMOVED_AT_ONCE],
            )
            if cursor.rowcount == 0:
                PendingVector.objects.filter(embedding_model=model).delete()
                model.delete()
                return True
    return False


def _unused(model_id: int) -> bool:
    try:
        with transaction.atomic():
            switching.unused(model_id)
    except (NotFound, Conflict):
        return False
    return True
