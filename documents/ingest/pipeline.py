"""A document from UPLOADED to PROCESSED: claim, extract, chunk, embed, store."""

import logging
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from documents import storage
from documents.doorbell import announce
from documents.ingest import archives, reading
from documents.ingest.embed import EmbedderFailed
from documents.ingest.extract import Crashed
from documents.ingest.frames import Unreadable
from documents.ingest.lease import ATTEMPTS, BACKOFF, Lease, LeaseLost, Stopping
from documents.ingest.places import NoPlace, Place
from documents.ingest.readers import archive
from documents.ingest.store import ModelSwitched, store
from documents.models import Document

log = logging.getLogger(__name__)
Stage = Document.Stage


def run(document_id: UUID) -> list[UUID]:
    """Read a document, if it is there to be read; safe to call twice, in parallel and late.

    Returns the documents to send next: a large one that had to wait for the place given back.
    """
    place = Place()
    large = Document.objects.filter(id=document_id, is_large=True).exists()
    if large and not place.take():
        # Without the mark it is one of those that are sent again when a place is free.
        Document.objects.filter(id=document_id).update(enqueued_at=None)
        return []
    try:
        lease = Lease.claim(document_id)
        following = _work(lease, place) if lease is not None else []
    finally:
        place.give_back()
    return following + (_waiting_for_a_place() if place.taken else [])


def _waiting_for_a_place() -> list[UUID]:
    waiting = Document.objects.filter(
        status=Document.Status.UPLOADED, is_large=True, enqueued_at=None, retry_at=None
    )
    return list(waiting.order_by("uploaded_at").values_list("id", flat=True)[:1])


def _work(lease: Lease, place: Place) -> list[UUID]:
    """The documents to send next: those that came out of an archive."""
    following: list[UUID] = []
    document = Document.objects.get(id=lease.document_id)
    try:
        with lease.kept():
            if document.kind == archive.KIND:
                following = archives.unpack(lease, document)
            else:
                _read(lease, document, place)
        announce(document.owner_id, document.id)
        if not settings.KEEP_ORIGINAL_FILES:
            _drop_original(document)
    except LeaseLost:
        log.info("document %s was taken over or deleted", document.id)
    except (NoPlace, Stopping) as error:
        lease.release(
            status=Document.Status.UPLOADED,
            is_large=document.is_large or isinstance(error, NoPlace),
            enqueued_at=None,
            attempts=document.attempts - 1,
            progress=0,
        )
    except Unreadable as error:
        log.info("document %s: %s (%s)", document.id, error.code, error.detail)
        _fail(lease, error.code)
    except Crashed as error:
        log.warning("document %s: the reader died: %s", document.id, error.detail)
        _try_again(lease, document, error.code)
    except EmbedderFailed as error:
        log.warning("document %s: %s", document.id, error)
        _try_again(lease, document, "embedder", hopeless=not error.retryable)
    except Exception:
        log.exception("document %s could not be read", document.id)
        _try_again(lease, document, "internal")
    return following


def _read(lease: Lease, document: Document, place: Place) -> None:
    found = reading.read(lease, document, place)
    lease.stage(Stage.INDEX, reading.EMBEDDED)
    while True:
        try:
            store(lease, document, found)
            return
        except ModelSwitched:
            reading.catch_up(document, found)


def _fail(lease: Lease, code: str) -> None:
    lease.release(status=Document.Status.FAILED, error_code=code, progress=0)


def _try_again(lease: Lease, document: Document, code: str, hopeless: bool = False) -> None:
    """Back to the queue after a pause, or FAILED when the attempts are used up."""
    if hopeless or document.attempts >= ATTEMPTS:
        _fail(lease, code)
        return
    pause = BACKOFF[document.attempts - 1]
    lease.release(
        status=Document.Status.UPLOADED, enqueued_at=None, retry_at=Now() + pause, progress=0
    )


def _drop_original(document: Document) -> None:
    dropped = Document.objects.filter(
        id=document.id, status=Document.Status.PROCESSED, filename=document.filename
    ).update(filename="")
    if dropped:
        storage.remove(document.filename)
