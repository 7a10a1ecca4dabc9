"""The SDKs' way to a provider: connections that are kept, opened with time limits, and counted.

In place of httpx2's own transport, which spends more processor time on waking up for each token
than all the rest of an answer takes. Where a proxy is set, httpx2's own is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import h11
import httpx2
from django.conf import settings

from llm.providers.connection import Connection
from llm.providers.pace import Pace

KEPT = 50
KEEP_SECONDS = 30.0
Origin = tuple[str, str, int]


def make_transport(limits: httpx2.Limits) -> httpx2.AsyncBaseTransport | None:
    """None where the environment names a proxy: httpx2 knows how to go through it."""
    return None if settings.LLM_THROUGH_PROXY else PacedTransport(limits)


class PacedTransport(httpx2.AsyncBaseTransport):
    def __init__(self, limits: httpx2.Limits) -> None:
        self._room = asyncio.Semaphore(limits.max_connections or 1000)
        self._kept: dict[Origin, deque[tuple[float, Connection]]] = {}
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        times = request.extensions.get("timeout", {})
        await self._enter(times.get("pool"))
        connection: Connection | None = None
        try:
            body = [piece async for piece in _pieces(request)]
            connection = await self._connection(request.url, times.get("connect"))
            head = h11.Request(
                method=request.method, target=request.url.raw_path, headers=request.headers.raw
            )
            read = times.get("read")
            response = await connection.exchange(head, body, times.get("write"), read)
        except BaseException as error:
            self._room.release()
            if connection is not None:
                connection.abort()
            if isinstance(error, h11.ProtocolError):
                raise httpx2.RemoteProtocolError(str(error)) from error
            raise
        headers = response.headers.raw_items()
        kind = dict(response.headers).get(b"content-type", b"")
        connection.pace = Pace() if b"event-stream" in kind else None
        return httpx2.Response(
            response.status_code,
            headers=headers,
            stream=_Body(self, _origin(request.url), connection, read),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": bytes(response.reason)},
        )

    async def _enter(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._room.acquire()
        except TimeoutError as error:
            raise httpx2.PoolTimeout("Too many connections are open.") from error

    async def _connection(self, url: httpx2.URL, seconds: float | None) -> Connection:
        kept = self._kept.get(_origin(url), deque())
        now = asyncio.get_running_loop().time()
        while kept:
            until, connection = kept.pop()
            if until > now and connection.is_usable:
                return connection
            connection.abort()
        return await self._open(url, seconds)

    async def _open(self, url: httpx2.URL, seconds: float | None) -> Connection:
        scheme, host, port = _origin(url)
        if scheme == "https" and self._tls is None:
            self._tls = httpx2.create_ssl_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        try:
            async with asyncio.timeout(seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection, host, port, ssl=self._tls if scheme == "https" else None
                )
        except TimeoutError as error:
            raise httpx2.ConnectTimeout(f"{host} does not answer.") from error
        except OSError as error:  # SSL errors are among them
            raise httpx2.ConnectError(str(error)) from error
        return connection

    def release(self, origin: Origin, connection: Connection) -> None:
        self._room.release()
        if not connection.finish():
            return
        kept = self._kept.setdefault(origin, deque())
        kept.append((asyncio.get_running_loop().time() + KEEP_SECONDS, connection))
        if len(kept) > KEPT:
            kept.popleft()[1].abort()

    async def aclose(self) -> None:
        for kept in self._kept.values():
            for _, connection in kept:
                connection.abort()
        self._kept.clear()


class _Body(httpx2.AsyncByteStream):
    def __init__(
        self,
        transport: PacedTransport,
        origin: Origin,
        connection: Connection,
        read: float | None,
    ) -> None:
        self._transport, self._origin = transport, origin
        self._connection, self._read = connection, read
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async with contextlib.aclosing(self._connection.body(self._read)) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    yield piece
        except h11.ProtocolError as error:
            raise httpx2.RemoteProtocolError(str(error)) from error

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._transport.release(self._origin, self._connection)


async def _pieces(request: httpx2.Request) -> AsyncIterator[bytes]:
    stream: Any = request.stream
    if isinstance(stream, httpx2.AsyncByteStream):
        async for piece in stream:
            yield piece
    else:
        for piece in stream:
            yield piece


def _origin(url: httpx2.URL) -> Origin:
    return url.scheme, url.raw_host.decode(), url.port or (443 if url.scheme == "https" else 80)
