"""Static files: hashed names, ES module imports included, and sent without holding the loop up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, BinaryIO

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Response, StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# What is sent in one piece; only viewer and fonts are larger.
PIECE = 256 * 1024


class ManifestStorage(CompressedManifestStaticFilesStorage):
    # Modules import each other by relative path; the hashed names must be written into them.
    support_js_module_import_aggregation = True
    # A page must not fail because one image is absent from the manifest.
    manifest_strict = False


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise with an async way.

    Its own is sync: every other request of the product would go through a thread for it, and a
    file through a sync iterator, which Django reads whole before it sends a byte.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self._acall(request) if self.is_async else super().__call__(request)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        static_file = (
            await asyncio.to_thread(self.find_file, request.path_info)
            if self.autorefresh
            else self.files.get(request.path_info)
        )
        if static_file is None:
            return await self.get_response(request)
        found, first = await asyncio.to_thread(_begin, static_file, request)
        return _answer(found, first)


def _begin(static_file: StaticFile, request: HttpRequest) -> tuple[Response, bytes]:
    """What WhiteNoise answers (ranges, ETag and encoding decided), and the first piece of it."""
    found = static_file.get_response(request.method, request.META)
    if found.file is None:
        return found, b""
    first = found.file.read(PIECE)
    if len(first) < PIECE:
        found.file.close()
        found.file = None
    return found, first


def _answer(found: Response, first: bytes) -> HttpResponseBase:
    if found.file is None:
        answer: HttpResponseBase = HttpResponse(first, status=int(found.status))
    else:
        answer = StreamingHttpResponse(_pieces(first, found.file), status=int(found.status))
        # Also where nobody waits for the first piece any more.
        answer._resource_closers.append(found.file.close)  # type: ignore[attr-defined]
    del answer["Content-Type"]
    for name, value in found.headers:
        answer[name] = value
    return answer


async def _pieces(piece: bytes, file: BinaryIO) -> AsyncIterator[bytes]:
    while piece:
        yield piece
        piece = await asyncio.to_thread(file.read, PIECE)
