"""Files that come with a question, kept in the chat's own collection: documents are read before it
is asked, pictures go along with it."""

import asyncio
import base64
import binascii
import io
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import User
from chat import pictures, session_files
from chat.models import Session
from chat.sentences import COMPLETED
from core.db import in_thread
from core.errors import AppError, Conflict, Invalid, NotFound
from documents import services as documents
from documents.models import Document
from documents.pictures import media_type

# As long as a proxy leaves a request open.
WAIT_SECONDS, LOOK_SECONDS = 50.0, 0.3
ENDED = (Document.Status.PROCESSED, Document.Status.FAILED)


@dataclass(frozen=True)
class File:
    name: str
    content: bytes

    @property
    def is_picture(self) -> bool:
        return media_type(self.content) is not None


@dataclass(frozen=True)
class Brought:
    """Ids of documents that are to be read, and of pictures the question takes."""

    documents: list[uuid.UUID]
    pictures: list[uuid.UUID]


def decoded(name: str, data: str) -> File:
    """A file from base64, alone or in a data: URL. Raises Invalid."""
    try:
        content = base64.b64decode(data.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        sentence = _("%(name)s is not in base64.") % {"name": name}
        raise Invalid(sentence, code="invalid_attachment") from error
    return File(name, content)


def bring(*, actor: User, session: Session, address: str, files: Sequence[File]) -> Brought:
    """Store them. Raises NotFound, Conflict, TooMany, TooLarge, and as pictures.bring."""
    if session.user_id != actor.pk:
        raise NotFound
    if session.status != Session.Status.ACTIVE:
        raise Conflict(COMPLETED, code="completed")
    if not actor.is_admin:
        for _file in files:
            limits.count("upload", actor, address)
    seen, read = [file for file in files if file.is_picture], []
    if len(seen) > pictures.MOST:
        raise pictures.too_many()
    shown = [
        pictures.bring(actor=actor, session_id=session.pk, name=file.name, content=file.content)
        for file in seen
    ]
    target = session_files.collection_of(actor=actor, session_id=session.pk)
    for file in files:
        if not file.is_picture:
            stored = io.BytesIO(file.content)
            read.append(
                documents.upload(actor=actor, file=stored, name=file.name, collection=target.pk).pk
            )
    return Brought(read, [picture.pk for picture, _is_new in shown])


async def until_read(document_ids: Sequence[uuid.UUID]) -> None:
    """Raises Invalid for a file that cannot be read, Conflict when it takes too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        rows = await in_thread(_rows, document_ids)
        failed = next((row for row in rows if row.status == Document.Status.FAILED), None)
        if failed is not None:
            raise Invalid(f"{failed.original_filename}: {failed.error}", code="unread_attachment")
        if all(row.status in ENDED for row in rows):
            return
        if time.monotonic() > deadline:
            raise _still_reading()
        await asyncio.sleep(LOOK_SECONDS)


def _rows(document_ids: Sequence[uuid.UUID]) -> list[Document]:
    return list(Document.objects.filter(pk__in=document_ids))


def _still_reading() -> AppError:
    sentence = _("The files are kept and still being read. Ask again in this chat in a minute.")
    return Conflict(sentence, code="still_reading", retryable=True)
