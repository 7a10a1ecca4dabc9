"""What was fetched, as a document: made once for each page, its file replaced when it changes."""

import codecs
import hashlib
import mimetypes
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from documents import names, recording, storage, tasks
from documents.doorbell import announce
from documents.ingest import formats
from documents.ingest.readers import archive
from documents.models import Document
from documents.web.addresses import Target
from documents.web.fetching import Answer
from documents.web.models import WebPage
from documents.web.reasons import FetchFailed

LARGE = 4 * 1024 * 1024
HTML_TYPES = ("text/html", "application/xhtml+xml")


def keep(page: WebPage, answer: Answer, incoming: storage.Incoming) -> bool:
    """Store the file of a page and queue its reading; False when it is the one we have.

    Raises FetchFailed for what no reader takes, and for a page that is gone by now.
    """
    if not incoming.size:
        raise FetchFailed("empty", page.url)
    reader = recognise(answer, incoming)
    incoming = _in_utf8(incoming, answer, reader)
    digest = incoming.sha256
    with transaction.atomic():
        locked = WebPage.objects.select_for_update().filter(pk=page.pk).first()
        if locked is None:
            raise FetchFailed("internal", "the source was deleted meanwhile")
        document = _locked(locked)
        same = document is not None and locked.content_hash == digest
        if same and document and document.status != Document.Status.FAILED:
            seen(document)
            _note(locked, answer, digest, document)
            return False
        document = _written(locked, document, answer, reader, incoming)
        _note(locked, answer, digest, document)
        transaction.on_commit(lambda: _after(document))
    return True


def seen(document: Document) -> None:
    """The page is today what was read from it before."""
    Document.objects.filter(id=document.id).update(fetched_at=Now())


def recognise(answer: Answer, incoming: storage.Incoming) -> ModuleType:
    """The reader for what came: by its content, the declared type stands in for a name's ending."""
    incoming.flush()
    ending = mimetypes.guess_extension(answer.media_type) or ""
    if answer.media_type in HTML_TYPES:
        ending = ".html"
    name = f"page{ending}" if ending else file_name(answer.target)
    found = formats.recognise(incoming.head, name, incoming.path)
    # An archive would be many documents, of which none is the page.
    if found.reader is None or found.reader.KIND == archive.KIND:
        raise FetchFailed("wrong_type", f"{answer.media_type} at {answer.target.url}")
    return found.reader


def file_name(target: Target) -> str:
    """What the page is called until it is read: the last part of its path, else its host."""
    last = unquote(target.path.split("?")[0].rstrip("/").rpartition("/")[2])
    return names.clean(last) if last.strip() else target.host


def _in_utf8(incoming: storage.Incoming, answer: Answer, reader: ModuleType) -> storage.Incoming:
    """Text in an encoding that only the answer's header tells, written again with a mark in it."""
    if reader.KIND == "pdf" or answer.charset in ("", "utf-8", "utf8", "us-ascii"):
        return incoming
    try:
        decode = codecs.getincrementaldecoder(answer.charset)("replace").decode
        incoming.flush()
        text = decode(incoming.path.read_bytes(), True)
    except (LookupError, UnicodeError, ValueError):
        return incoming
    if not isinstance(text, str):
        return incoming
    incoming.discard()
    again = storage.Incoming()
    again.write(codecs.BOM_UTF8 + text.encode("utf-8", errors="replace"))
    return again


def _locked(page: WebPage) -> Document | None:
    rows = Document.objects.select_for_update(of=("self",))
    return rows.filter(id=page.document_id).first() if page.document_id else None


def _written(
    page: WebPage,
    document: Document | None,
    answer: Answer,
    reader: ModuleType,
    incoming: storage.Incoming,
) -> Document:
    fields: dict[str, Any] = {
        "file_size": incoming.size,
        "media_type": reader.MEDIA_TYPE,
        "kind": reader.KIND,
        "is_large": incoming.size > LARGE,
        # The same text at two addresses is two documents: each is cited by its own.
        "sha256": hashlib.sha256(f"{page.url}\n{incoming.sha256}".encode()).hexdigest(),
        "filename": incoming.keep(),
        "source_url": page.url,
        "fetched_at": Now(),
        **recording.fresh(),
    }
    if document is None:
        source = page.source
        try:
            with transaction.atomic():
                return Document.objects.create(
                    collection=source.collection,
                    owner=source.added_by,
                    original_filename=file_name(answer.target),
                    **fields,
                )
        except IntegrityError as error:
            storage.remove(fields["filename"])
            there = Document.objects.filter(collection=source.collection_id, source_url=page.url)
            raise FetchFailed("same_page" if there.exists() else "collection", page.url) from error
    stale = document.filename
    transaction.on_commit(lambda: storage.remove(stale))
    for name, value in fields.items():
        setattr(document, name, value)
    document.save(update_fields=list(fields))
    return document


def _note(page: WebPage, answer: Answer, digest: str, document: Document) -> None:
    page.document = document
    page.etag, page.last_modified = answer.etag, answer.last_modified
    page.content_hash = digest
    page.save(update_fields=["document", "etag", "last_modified", "content_hash"])


def _after(document: Document) -> None:
    tasks.enqueue(document.id)
    announce(document.owner_id, document.id)
