"""As much HTTP/1.1 as three SDKs need, on asyncio's protocols (a stream would cost a task)."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

END_OF_HEAD = b"\r\n\r\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


@dataclass(frozen=True)
class Received:
    """One request. ``path`` is without its query; names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    raw: bytes

    def body(self) -> Any:
        return json.loads(self.raw or b"{}")


class Connection(asyncio.Protocol):
    """One client's connection: a request, its answer, and then perhaps the next."""

    def __init__(self, handle: Callable[["Connection", Received], None]) -> None:
        self._handle = handle
        self._buffer = bytearray()
        self._busy = False
        self._transport: asyncio.Transport | None = None
        self.paused = False
        self.on_lost: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.on_lost:
            self.on_lost()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        while not self._busy and (received := self._request()):
            self._busy = True
            self._handle(self, received)

    def _request(self) -> Received | None:
        """The next whole request in the buffer."""
        end = self._buffer.find(END_OF_HEAD)
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        start = end + len(END_OF_HEAD)
        stop = start + int(headers.get("content-length", 0))
        if len(self._buffer) < stop:
            return None
        raw = bytes(self._buffer[start:stop])
        del self._buffer[:stop]
        method, target, _ = first.split(" ", 2)
        path, _, query = target.partition("?")
        return Received(method, path, query, headers, raw)

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """A whole answer: JSON, or a page where the body is text."""
        is_page = isinstance(body, str)
        raw = (body if is_page else json.dumps(body, ensure_ascii=False)).encode()
        kind = "text/html" if is_page else "application/json"
        names = {"Content-Type": kind, "Content-Length": str(len(raw))}
        lines = [f"{name}: {value}" for name, value in {**names, **(headers or {})}.items()]
        phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "Overloaded"
        head = "\r\n".join([f"HTTP/1.1 {status} {phrase}", *lines, "", ""])
        self._write(head.encode() + raw)
        self._finished()

    def begin(self) -> None:
        self._write(STREAM_HEAD)

    def chunk(self, data: bytes) -> None:
        self._write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        self._write(b"0\r\n\r\n")
        self._finished()

    def close(self) -> None:
        """Close as if the process had ended: what was promised never comes."""
        if self._transport:
            self._transport.close()

    def reset(self) -> None:
        """Make the kernel send a RST instead of a FIN."""
        if self._transport:
            sock: socket.socket = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)

    def _finished(self) -> None:
        self._busy = False
        self.on_lost = None
        self._next()
