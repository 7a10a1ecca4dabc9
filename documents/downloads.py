"""Giving an original file back: in ranges, from disk, and never as a page of ours."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from core.errors import NotFound
from documents import storage
from documents.ingest import formats
from documents.models import Document
from documents.remote import StorageFailed

PIECE = 256 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def respond(
    document: Document, headers: Mapping[str, str], *, body: bool = True
) -> HttpResponseBase:
    """Answer a GET, or a HEAD with body=False (RFC 9110, sections 13 and 14): 200, 206, 304, 416.

    Several ranges at once are answered by the whole file, as the RFC allows.

    The caller has checked that the asker may see the document. Raises NotFound when the original
    was not kept, and Unavailable when the storage it lies in does not answer.
    """
    path = _path(document)
    size = path.stat().st_size
    etag = f'"{document.sha256}"'
    if _matches(etag, headers.get("If-None-Match", "")):
        return _secure(HttpResponse(status=304), document, etag)
    wanted = headers.get("Range", "")
    if headers.get("If-Range", etag) != etag:
        wanted = ""
    span = _span(wanted, size)
    if span is None:
        refused = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        return _secure(refused, document, etag)
    start, end = span
    partial = (end - start) != size
    status = 206 if partial else 200
    answer: HttpResponseBase = (
        StreamingHttpResponse(_pieces(path, start, end), status=status)
        if body
        else HttpResponse(status=status)
    )
    if partial:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    answer["Content-Length"] = str(end - start)
    return _secure(answer, document, etag)


def _path(document: Document) -> Path:
    if not document.filename:
        raise NotFound
    try:
        return storage.local(document.filename)
    except FileNotFoundError as error:
        raise NotFound from error
    except StorageFailed as error:
        raise storage.out_of_reach() from error


def _matches(etag: str, given: str) -> bool:
    """Weak comparison with the tags of If-None-Match; `*` is any."""
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return etag in tags or tags == ["*"]


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """(start, end) of what to send, all of it for no or an unknown range; None: not satisfiable."""
    match = RANGE.fullmatch(wanted.strip())
    if match is None or match.group() == "bytes=-":
        return 0, size
    first, last = match.groups()
    if not first:
        length = min(int(last[:20]), size)
        return (size - length, size) if length else None
    start = int(first[:20])
    end = min(int(last[:20]) + 1, size) if last else size
    if start >= size:
        return None
    return (start, end) if end > start else (0, size)


async def _pieces(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes from disk, a piece at a time; reads run in threads, so the loop stays free."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, start)
        left = end - start
        while left > 0:
            piece = await asyncio.to_thread(file.read, min(PIECE, left))
            if not piece:
                return
            left -= len(piece)
            yield piece
    finally:
        file.close()


def _secure(answer: HttpResponseBase, document: Document, etag: str) -> HttpResponseBase:
    """A stranger's file must never run as ours, whatever it holds and however it is opened."""
    reader = formats.by_kind(document.kind)
    answer["Content-Type"] = reader.MEDIA_TYPE if reader else "application/octet-stream"
    answer["Content-Disposition"] = content_disposition_header(True, document.original_filename)
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, no-cache"
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = etag
    return answer
