"""Changing documents: upload, retry, read again, delete. Who may is decided here."""

from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Forbidden, NotFound
from documents import names, placing, queries, quota, recording, storage, summaries, tasks, uploads
from documents.collections import default_collection, personal_collection
from documents.doorbell import announce
from documents.ingest import pipeline
from documents.ingest.extract import vouched_for
from documents.models import QA, Collection, Document
from documents.remote import StorageFailed
from documents.removing import remove

Status = Document.Status


def upload(
    *,
    actor: User,
    file: BinaryIO | storage.Incoming,
    name: str,
    collection: Collection | UUID | str | None = None,
    limited: bool = True,
) -> Document:
    """Store a file and queue it; a file that cannot be read becomes a FAILED document.

    The same bytes in the same collection are one document: the existing one is returned (its
    attribute `is_new` is False), and is read again if it had failed. `file` is closed only when it
    is an Incoming. Raises TooLarge (see `quota`, too, unless not `limited`: for what no person
    uploads), NotFound, Forbidden.
    """
    incoming = file if isinstance(file, storage.Incoming) else _receive(file)
    try:
        target = _writable(actor, collection)
        with transaction.atomic():
            if limited and not target.documents.filter(sha256=incoming.sha256).exists():
                quota.hold(actor)
                quota.admit(actor, files=1, size=incoming.size)
            return recording.record(actor.id, target, incoming, names.clean(name), after=_after)
    finally:
        incoming.discard()


def read_here(*, document_id: UUID, vouched: bool = False) -> None:
    """Read a waiting document in this process; whoever waits for it calls again until it ended.

    Nothing happens while a worker has it. A pause before another try is skipped. `vouched`: the
    file is not a stranger's, so that plain text may be read without a child around it.
    """
    waiting = Document.objects.filter(id=document_id, status=Status.UPLOADED)
    waiting.update(retry_at=None)
    with vouched_for() if vouched else nullcontext():
        pipeline.run(document_id)


def retry(*, actor: User, document_id: UUID | str) -> Document:
    """Another try for a FAILED document; raises Conflict for any other."""
    document = _changeable(actor, document_id)
    if document.status != Status.FAILED:
        raise Conflict(_("Only a failed file can be tried again."), code="not_failed")
    return _requeue(document)


def reprocess(*, actor: User, document_id: UUID | str) -> Document:
    """Read a document again; what was read before serves until the new text is stored."""
    document = _changeable(actor, document_id)
    if document.status == Status.PROCESSING:
        raise Conflict(_("This file is being read right now. Wait until that is done."))
    return _requeue(document)


def summarise(*, actor: User, document_id: UUID | str) -> Document:
    """Have a summary written, also beyond how many a day are written by themselves.

    Raises Conflict where there is one, or nothing that could write it.
    """
    document = _changeable(actor, document_id)
    if document.summary:
        raise Conflict(_("There is a summary. Delete its text to have another one written."))
    if not summaries.can_be_written():
        raise Conflict(_("No language model is set up that could write a summary."))
    tasks.enqueue_summary(str(document.id), asked_for=True)
    return document


def cancel(*, actor: User, document_id: UUID | str) -> Document:
    """Stop what waits or is being read; raises Conflict for anything else.

    A document that had been read before is ready as before, any other has failed and can be tried
    again. The worker notices within a second, without its token it can write nothing.
    """
    document = _changeable(actor, document_id)
    with transaction.atomic():
        # Waits for a store that is under way: then there is nothing left to cancel.
        locked = Document.objects.select_for_update().filter(id=document.id).first()
        if locked is None:
            raise NotFound
        if locked.status not in queries.UNFINISHED:
            raise Conflict(_("This file is not being read."), code="not_running")
        was_read = queries.chunk_count(locked) > 0
        ended = {"status": Status.PROCESSED, "progress": 100} if was_read else {}
        fields = {**recording.fresh("" if was_read else "cancelled"), **ended}
        document = recording.changed(locked, fields)
    announce(document.owner_id, document.id)
    return document


def set_status(*, actor: User, document_id: UUID | str, status: str) -> Document:
    """For admins: UPLOADED reads the file again, FAILED stops the reading."""
    document = _changeable(actor, document_id)
    if not actor.is_admin:
        raise Forbidden
    if status == Status.UPLOADED:
        return _requeue(document)
    if status == document.status:
        return document
    if status != Status.FAILED or document.status == Status.PROCESSED:
        raise Conflict(
            _("A file becomes ready by being read. Set it to UPLOADED to read it again."),
            code="bad_status",
        )
    Document.objects.filter(id=document.id).update(
        status=Status.FAILED,
        error_code="stopped",
        lease_token=None,
        lease_until=None,
        stage="",
        seconds_left=None,
        retry_at=None,
    )
    document.refresh_from_db()
    announce(document.owner_id, document.id)
    return document


def move(*, actor: User, document_id: UUID | str, collection_id: UUID | str) -> Document:
    """Put a document into another collection; who may find and read it changes at once.

    Raises NotFound, Forbidden, and Conflict where the same file is there already.
    """
    document = _changeable(actor, document_id)
    target = _writable(actor, collection_id)
    with transaction.atomic():
        # Waits for a store that is under way; one that comes later asks for the collection again.
        locked = Document.objects.select_for_update().filter(id=document.id).first()
        if locked is None:
            raise NotFound
        if Document.objects.filter(collection=target, sha256=locked.sha256).exists():
            if locked.collection_id == target.id:
                return locked
            raise Conflict(_("The same file is in that collection already."), code="same_file")
        placing.put(locked, target)
    announce(locked.owner_id, locked.id)
    return locked


def delete(*, actor: User, document_id: UUID | str) -> None:
    """Remove a document with all that was read from it; the file goes after the commit."""
    document = _changeable(actor, document_id)
    with transaction.atomic():
        # Waits for a store that is under way, so that its chunks are seen and deleted too.
        locked = Document.objects.select_for_update().filter(id=document.id).first()
        if locked is None:
            return
        remove(locked)


def original(document: Document) -> Path | None:
    """A path to read what was uploaded from; None where it was not kept or cannot be reached.

    The caller has checked that whoever it is for may see the document.
    """
    try:
        return storage.local(document.filename)
    except (FileNotFoundError, StorageFailed):
        return None


def _receive(file: BinaryIO) -> storage.Incoming:
    incoming = storage.Incoming()
    try:
        while data := file.read(storage.CHUNK):
            incoming.write(data)
            if incoming.size > uploads.limit():
                raise uploads.too_large()
    except BaseException:
        incoming.discard()
        raise
    return incoming


def _writable(actor: User, collection: Collection | UUID | str | None) -> Collection:
    if collection is None:
        return default_collection() if actor.is_admin else personal_collection(actor)
    wanted = collection.id if isinstance(collection, Collection) else collection
    found = queries.collection(actor, wanted)
    if not found.is_managed_by(actor):
        raise Forbidden(_("You may read this collection, but not add files to it."))
    return found


def _requeue(document: Document) -> Document:
    if not document.filename and document.kind != QA:
        raise Conflict(
            _("The original of this file was not kept. Upload it again."), code="no_original"
        )
    if document.original_missing_since:
        raise Conflict(
            _("The original file is gone. Upload it again to open it or have it read anew."),
            code="no_original",
        )
    document = recording.changed(document, recording.fresh())
    transaction.on_commit(lambda: _after(document))
    return document


def _after(document: Document) -> None:
    if document.status == Status.UPLOADED:
        tasks.enqueue(document.id)
    announce(document.owner_id, document.id)


def _changeable(actor: User, document_id: UUID | str) -> Document:
    """A document the actor may change: the owner's own, or any for admins."""
    document = queries.document(actor, document_id)
    if not (actor.is_admin or document.owner_id == actor.id):
        raise Forbidden(_("Only its owner or an administrator can change this file."))
    return document
