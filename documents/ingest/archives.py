"""An archive from UPLOADED to PROCESSED: every file in it that can be read becomes a document.

The same file is one document (by its hash), so an unpacking that was killed in the middle is simply
done again.
"""

from collections.abc import Generator
from contextlib import closing
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from core.errors import TooLarge
from documents import names, quota, recording, storage
from documents.ingest import formats, origins
from documents.ingest.extract import members
from documents.ingest.frames import Unreadable
from documents.ingest.lease import Lease
from documents.models import Collection, Document

MOST_TOLD = 200


def unpack(lease: Lease, document: Document) -> list[UUID]:
    """Record the members and mark the archive PROCESSED; the documents that wait to be read.

    Raises Unreadable when nothing could be taken, and what reading a document raises.
    """
    waiting: list[UUID] = []
    refused: list[dict[str, str]] = []
    taken = 0
    with closing(_members(lease, document)) as found:
        for name, incoming, code in found:
            made = _take(lease, document, name, incoming, code)
            if isinstance(made, Document):
                taken += 1
                waiting += [made.id] if made.is_new else []
            else:
                refused.append({"name": name, "code": made[0], "media_type": made[1]})
    lease.write(refused=refused[:MOST_TOLD], member_count=taken)
    if not taken:
        raise Unreadable("archive_empty", f"{len(refused)} files, none of them readable")
    lease.release(status=Document.Status.PROCESSED, progress=100, processed_at=Now())
    return waiting


def _members(
    lease: Lease, document: Document
) -> Generator[tuple[str, storage.Incoming, str], None, None]:
    """(name, the file, code of a refusal); each file is dropped again unless it was kept."""
    size, read = max(1, document.file_size), 0
    incoming: storage.Incoming | None = None
    with closing(members(origins.path_of(document), document.kind)) as frames:
        try:
            for frame in frames:
                incoming = incoming or storage.Incoming()
                incoming.write(frame.data)
                read += len(frame.data)
                lease.progress(Document.Stage.EXTRACT, 95 * read / (read + size))
                if frame.last or frame.code:
                    yield names.clean_path(frame.name), incoming, frame.code
                    incoming.discard()
                    incoming = None
        finally:
            if incoming is not None:
                incoming.discard()


def _take(
    lease: Lease, archive: Document, name: str, incoming: storage.Incoming, code: str
) -> Document | tuple[str, str]:
    """The member's document, or (code, media type) of why there is none."""
    if code:
        return code, ""
    if not incoming.size:
        return "empty", ""
    if incoming.size > int(settings.MAX_UPLOAD_MB) * 1024 * 1024:
        return "too_large", ""
    incoming.flush()
    found = formats.recognise(incoming.head, name, incoming.path)
    if found.reader is not None and archive.kind == found.reader.KIND:
        return "nested", ""
    if found.error:
        return found.error, found.media_type
    lease.check()
    collection = Collection.objects.get(id=archive.collection_id)
    try:
        with transaction.atomic():
            if not collection.documents.filter(sha256=incoming.sha256).exists():
                quota.hold(archive.owner)
                quota.admit(archive.owner, files=1, size=incoming.size)
            return recording.record(
                archive.owner_id, collection, incoming, name, after=_nothing, archive=archive
            )
    except TooLarge as error:
        return error.code, ""


def _nothing(document: Document) -> None:
    """The worker sends the members itself, when the archive is done; the reconciler otherwise."""
