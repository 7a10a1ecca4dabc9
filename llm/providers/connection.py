"""One HTTP/1.1 connection to a provider, on asyncio's protocols; h11 reads and writes HTTP.

A stream of hundreds of small events is read at its own pace: what came meanwhile waits in the
kernel and is read, decoded and handed on at once. At two hundred answers that is a tenth of the
processor time of waking up for each token.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import h11
import httpx2

from llm.providers.pace import Pace

# More than this is not taken from the kernel before somebody reads it.
BUFFER = 256 * 1024
CLOSED = "The server closed the connection."


class Connection(asyncio.Protocol):
    """``exchange`` sends one request and gives the head of its answer, ``body`` the rest."""

    def __init__(self) -> None:
        self.pace: Pace | None = None
        self._transport: asyncio.Transport | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=BUFFER)
        self._arrived = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        if len(self._arrived) > BUFFER and self._transport:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error, self._transport = True, exc, None
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # What the transport calls.

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        unread = self._ended or self._arrived or self._transport is None
        return not unread and self._http.our_state is h11.IDLE

    async def exchange(
        self, head: h11.Request, body: Iterable[bytes], write: float | None, read: float | None
    ) -> h11.Response:
        out = [self._http.send(head)]
        out += [self._http.send(h11.Data(data=piece)) for piece in body]
        out.append(self._http.send(h11.EndOfMessage()))
        await self._write(b"".join(piece for piece in out if piece), write)
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._more(read)
            elif isinstance(event, h11.Response):
                return event
            elif isinstance(event, h11.ConnectionClosed):
                raise httpx2.RemoteProtocolError(CLOSED)

    async def body(self, read: float | None) -> AsyncIterator[bytes]:
        """What has come since the last piece, joined; the first pieces as they come."""
        pieces: list[bytes] = []
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
                continue
            if pieces:
                yield b"".join(pieces)
                pieces = []
            if event is not h11.NEED_DATA:
                return
            if self.pace is not None:
                await self._rest(self.pace)
            await self._more(read)

    async def _rest(self, pace: Pace) -> None:
        """Leave what comes now in the kernel until it is time to read it."""
        seconds = pace.rest()
        if seconds <= 0 or self._arrived or self._ended or self._transport is None:
            return
        self._transport.pause_reading()
        try:
            await asyncio.sleep(seconds)
        finally:
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    async def _more(self, seconds: float | None) -> None:
        """Give h11 what has come; wait for it if need be."""
        if not (self._arrived or self._ended):
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = None if seconds is None else loop.call_later(seconds, self._give_up)
            try:
                await self._waiting
            finally:
                self._waiting = None
                if timer is not None:
                    timer.cancel()
        if self._arrived:
            paused = len(self._arrived) > BUFFER
            self._http.receive_data(bytes(self._arrived))
            self._arrived.clear()
            if paused and self._transport is not None:
                self._transport.resume_reading()
        elif self._error is not None:
            raise httpx2.ReadError(str(self._error)) from self._error
        else:
            self._http.receive_data(b"")

    def _give_up(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(httpx2.ReadTimeout("The server fell silent."))

    async def _write(self, data: bytes, seconds: float | None) -> None:
        if self._transport is None:
            raise httpx2.WriteError(CLOSED)
        self._transport.write(data)
        try:
            async with asyncio.timeout(seconds):
                await self._writable.wait()
        except TimeoutError as error:
            raise httpx2.WriteTimeout("The server reads too slowly.") from error

    def finish(self) -> bool:
        """Make ready for the next request; False when there can be none."""
        self.pace = None
        states = (self._http.our_state, self._http.their_state)
        if states != (h11.DONE, h11.DONE) or self._ended or self._transport is None:
            self.abort()
            return False
        self._http.start_next_cycle()
        return True

    def abort(self) -> None:
        """Hang up now: a provider is paid for what it goes on to write."""
        if self._transport is not None:
            self._transport.abort()
