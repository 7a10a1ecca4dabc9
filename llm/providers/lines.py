"""Server-sent events for google-genai, which reads the lines of data and chokes on all others.

Google sends no other lines, but a gateway in between may: comments that keep a connection alive.
Reference: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

OTHER_FIELDS = (b":", b"event:", b"id:", b"retry:")


async def keep_data_lines(response: httpx2.Response) -> None:
    """A response hook; it has to run before the stream is read."""
    is_stream = "event-stream" in response.headers.get("content-type", "")
    if is_stream and "content-encoding" not in response.headers:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _DataLines(response.stream)


class _DataLines(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        open_line: list[bytes] = []
        async for piece in self._stream:
            open_line.append(piece)
            # A line of megabytes is put together once, not with every piece of it.
            if b"\n" in piece:
                *lines, rest = b"".join(open_line).split(b"\n")
                open_line = [rest]
                yield b"".join(line + b"\n" for line in lines if not line.startswith(OTHER_FIELDS))
        if last := b"".join(open_line):
            yield last

    async def aclose(self) -> None:
        await self._stream.aclose()
