"""Files that come with a question: kept in the chat's own collection, read before it is asked."""

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
from chat import session_files
from chat.models import Session
from core.db import in_thread
from core.errors import AppError, Conflict, Invalid, NotFound
from documents import services as documents
from documents.models import Document

# As long as a proxy leaves a request open.
WAIT_SECONDS, LOOK_SECONDS = 50.0, 0.3
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")
ENDED = (Document.Status.PROCESSED, Document.Status.FAILED)


@dataclass(frozen=True)
class File:
    name: str
    content: bytes


def decoded(name: str, data: str) -> File:
    """A file from base64, alone or in a data: URL. Raises Invalid."""
    try:
        content = base64.b64decode(data.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        sentence = _("%(name)s is not in base64.") % {"name": name}
        raise Invalid(sentence, code="invalid_attachment") from error
    if content.startswith(PICTURES) or (content[:4], content[8:12]) == (b"RIFF", b"WEBP"):
        sentence = _(
            "Chats keep no pictures yet. Send %(name)s to /v1/chat/completions, to a model that "
            "sees."
        )
        raise Invalid(sentence % {"name": name}, code="no_pictures")
    return File(name, content)


def bring(*, actor: User, session: Session, address: str, files: Sequence[File]) -> list[uuid.UUID]:
    """Store them; gives the ids of the documents. Raises NotFound, Conflict, TooMany, TooLarge."""
    if session.user_id != actor.pk:
        raise NotFound
    if session.status != Session.Status.ACTIVE:
        raise Conflict(_("This chat is completed. Reopen it or start a new one."), code="completed")
    if not actor.is_admin:
        for _file in files:
            limits.count("upload", actor, address)
    target = session_files.collection_of(actor=actor, session_id=session.pk)
    return [
        documents.upload(
            actor=actor, file=io.BytesIO(file.content), name=file.name, collection=target.pk
        ).pk
        for file in files
    ]


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
