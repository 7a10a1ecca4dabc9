"""The row for a file that has arrived: by upload or out of an archive."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from core.errors import NotFound
from documents import storage
from documents.ingest import formats
from documents.models import Collection, Document

Status = Document.Status
# Larger files wait for one of the few places for large ones, so that a small one gets through.
LARGE = 4 * 1024 * 1024


def record(
    owner_id: UUID,
    collection: Collection,
    incoming: storage.Incoming,
    name: str,
    *,
    after: Callable[[Document], None],
    archive: Document | None = None,
) -> Document:
    """The document that is there already, or a new one; `after` is called when it is committed.

    `is_new` tells which. One that had failed is read again. Only bytes that can be read are kept.
    Raises NotFound where the collection was deleted meanwhile.
    """
    with transaction.atomic():
        stay(collection)
        known = _known(collection, incoming.sha256)
        if known is not None and known.status != Status.FAILED:
            known.is_new = False
            if known.original_missing_since:
                changed(known, {"filename": _kept(incoming), "original_missing_since": None})
            return known
        fields = {**_fields(incoming, name), "archive": archive}
        if known is not None:
            stale = known.filename
            transaction.on_commit(lambda: storage.remove(stale))
            document = changed(known, fields)
        else:
            document = _created(owner_id, collection, incoming.sha256, fields)
            if not document.is_new:
                return document
        transaction.on_commit(lambda: after(document))
    document.is_new = known is None
    return document


def stay(collection: Collection) -> None:
    """Until the transaction ends: whoever deletes the collection waits for this file, or was first
    (collections.py)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select from documents_collection where id = %s for key share", [collection.pk]
        )
        if cursor.fetchone() is None:
            raise NotFound


def _fields(incoming: storage.Incoming, name: str) -> dict[str, Any]:
    with storage.told_when_full():
        incoming.flush()
    reader, media_type, error = formats.recognise(incoming.head, name, incoming.path)
    error = error if incoming.size else "empty"
    return {
        "original_filename": name,
        "file_size": incoming.size,
        "media_type": media_type[:100],
        "kind": reader.KIND if reader else "",
        "is_large": incoming.size > LARGE,
        "filename": "" if error else _kept(incoming),
        **fresh(error),
    }


def _kept(incoming: storage.Incoming) -> str:
    with storage.told_when_full():
        return incoming.keep()


def _created(
    owner_id: UUID, collection: Collection, sha256: str, fields: dict[str, Any]
) -> Document:
    try:
        with transaction.atomic():
            return Document.objects.create(
                collection=collection, owner_id=owner_id, sha256=sha256, **fields
            )
    except IntegrityError:
        # The same file at the same moment: the other request was first.
        storage.remove(str(fields["filename"]))
        document = Document.objects.get(collection=collection, sha256=sha256)
        document.is_new = False
        return document


def _known(collection: Collection, sha256: str) -> Document | None:
    return (
        Document.objects.select_for_update(of=("self",))
        .filter(collection=collection, sha256=sha256)
        .first()
    )


def fresh(error: str = "") -> dict[str, Any]:
    """The state of a document nobody has begun to read."""
    return {
        "status": Status.FAILED if error else Status.UPLOADED,
        "error_code": error,
        "stage": "",
        "progress": 0,
        "seconds_left": None,
        "attempts": 0,
        "lease_token": None,
        "lease_until": None,
        "enqueued_at": None,
        "retry_at": None,
    }


def changed(document: Document, fields: dict[str, Any]) -> Document:
    for field, value in fields.items():
        setattr(document, field, value)
    document.save(update_fields=list(fields))
    return document
