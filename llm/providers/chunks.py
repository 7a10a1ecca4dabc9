"""OpenAI's stream in pieces as they are read: all chunks of one piece together.

Reference: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from typing import Any

import openai

from llm.errors import LLMError, llm_error
from llm.events import Event, ReasoningDelta, TextDelta

DONE = "[DONE]"


class ChunkStream(openai.AsyncStream[Any]):
    """Yields lists of chunks, as JSON has them. An error among them is the SDK's ``APIError``."""

    async def __stream__(self) -> AsyncIterator[list[Any]]:
        events = EventLines()
        ended = False
        try:
            async with aclosing(self.response.aiter_bytes()) as pieces:
                async for piece in pieces:
                    # Read to its end, or the connection could not be used again.
                    if ended:
                        continue
                    found, ended, broken = self._chunks(events.feed(piece))
                    if found:
                        yield found
                    if broken is not None:
                        raise broken
            found, _, broken = self._chunks(events.rest() if not ended else ())
            if found:
                yield found
            if broken is not None:
                raise broken
        finally:
            await self.response.aclose()

    def _chunks(self, events: Iterable[str]) -> tuple[list[Any], bool, Exception | None]:
        """(chunks, whether the stream has said its end, what cannot be a chunk)."""
        found: list[Any] = []
        for data in events:
            if data.startswith(DONE):
                return found, True, None
            try:
                chunk = json.loads(data)
            except ValueError as error:
                return found, False, error
            if not isinstance(chunk, dict):
                return found, False, llm_error("malformed")
            if chunk.get("error"):
                return found, False, self._error(chunk["error"])
            found.append(chunk)
        return found, False, None

    def _error(self, told: Any) -> openai.APIError:
        said = told.get("message") if isinstance(told, dict) else None
        message = said if isinstance(said, str) and said else "An error in the stream"
        return openai.APIError(message, self.response.request, body=told)


class EventLines:
    """Server-sent events out of pieces of bytes: the data of each."""

    def __init__(self) -> None:
        self._open: list[bytes] = []
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[str]:
        # A line of megabytes is put together once, not with every piece of it.
        if b"\n" not in piece and b"\r" not in piece:
            self._open.append(piece)
            return
        lines = b"".join([*self._open, piece]).splitlines(keepends=True)
        # A CR at the very end may be the first half of a line's end.
        self._open = [lines.pop()] if not lines[-1].endswith(b"\n") else []
        for line in lines:
            yield from self._line(line)

    def rest(self) -> Iterator[str]:
        """What the stream's end leaves: an event whose empty line never came."""
        for line in b"".join(self._open).splitlines():
            yield from self._line(line)
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[str]:
        text = line.rstrip(b"\r\n").decode()
        if not text:
            if self._data:
                data, self._data = "\n".join(self._data), []
                yield data
        elif text.startswith("data:"):
            self._data.append(text[5:].removeprefix(" "))


def joined(events: Iterable[Iterable[Event]]) -> Iterator[Event]:
    """The same events, where texts that follow each other are one."""
    kind: type[TextDelta] | type[ReasoningDelta] | None = None
    pieces: list[str] = []
    try:
        for event in (event for together in events for event in together):
            if kind is not None and type(event) is not kind:
                yield kind("".join(pieces))
                kind, pieces = None, []
            if isinstance(event, TextDelta | ReasoningDelta):
                kind = type(event)
                pieces.append(event.text)
            else:
                yield event
    except LLMError:
        # What was said before it counts.
        if kind is not None:
            yield kind("".join(pieces))
        raise
    if kind is not None:
        yield kind("".join(pieces))
