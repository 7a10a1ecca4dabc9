"""The numbered events of a generation: written by one process, read by any.

The writing process keeps the events of its running generations in memory and copies them to a
Redis Stream (entry id = sequence number). A reader in the same process is woken as soon as Redis
has the events; a reader elsewhere, or after a restart, reads the stream. All generations of a
process share one writer: at two hundred answers at once a round trip carries dozens of events
instead of one. While Redis is away local readers are served from memory and nothing is dropped.
"""

import asyncio
import json
import logging
import time
import uuid
import weakref
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from core.redis import async_client, key

log = logging.getLogger(__name__)

KEEP_SECONDS = 3600
# Text of a running answer is gathered this long into one event; what is urgent does not wait.
INTERVAL = 0.04

Frame = tuple[int, str, bool]  # sequence number, event as JSON, whether it is the last


def stream_key(generation_id: uuid.UUID) -> str:
    return key("generation", generation_id.hex)


def encode(generation_id: uuid.UUID, seq: int, event: dict[str, Any]) -> str:
    numbered = {**event, "seq": seq, "generation_id": str(generation_id)}
    return json.dumps(numbered, ensure_ascii=False)


class EventLog:
    """One running generation's events. Only its writing task appends."""

    def __init__(self, generation_id: uuid.UUID, writer: "LogWriter") -> None:
        self.generation_id = generation_id
        self.frames: list[Frame] = []
        self.stored = 0  # frames that are in Redis
        self.published = 0  # frames that readers may see
        self.closed = False
        self.extended = -float("inf")
        self._text: list[str] = []
        self._speaking = False  # the first words after anything else do not wait
        self._writer = writer
        self._changed = asyncio.Event()

    @property
    def last_seq(self) -> int:
        return len(self.frames)

    def append(self, event: dict[str, Any], *, last: bool = False) -> None:
        self.take_text()
        self._speaking = False
        self._add(event, last)
        self._writer.wake(self, urgent=True)

    def text(self, piece: str) -> None:
        """Part of the answer; pieces that come close together become one event."""
        if piece:
            self._text.append(piece)
            self._writer.wake(self, urgent=not self._speaking)
            self._speaking = True

    def take_text(self) -> None:
        if self._text:
            content, self._text = "".join(self._text), []
            self._add({"type": "stream_chunk", "content": content}, False)

    def _add(self, event: dict[str, Any], last: bool) -> None:
        seq = len(self.frames) + 1
        self.frames.append((seq, encode(self.generation_id, seq, event), last))
        self.closed = self.closed or last

    def publish(self, size: int) -> None:
        self.published = size
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, after: int) -> AsyncIterator[Frame]:
        position = max(after, 0)
        while True:
            changed = self._changed
            while position < self.published:
                frame = self.frames[position]
                position += 1
                yield frame
            if self.closed and position >= len(self.frames):
                return
            await changed.wait()


class LogWriter:
    """Copies events of all running generations of this event loop to Redis."""

    def __init__(self) -> None:
        self.logs: dict[uuid.UUID, EventLog] = {}
        self._dirty: set[EventLog] = set()
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self, generation_id: uuid.UUID) -> EventLog:
        self.logs[generation_id] = event_log = EventLog(generation_id, self)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        return event_log

    def wake(self, event_log: EventLog, *, urgent: bool) -> None:
        self._dirty.add(event_log)
        self._wake.set()
        if urgent:
            self._urgent.set()

    async def _run(self) -> None:
        while self.logs:
            await self._wake.wait()
            self._wake.clear()
            self._urgent.clear()
            await self._flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await self._urgent.wait()

    async def _flush(self) -> None:
        batch, self._dirty = self._dirty, set()
        for event_log in batch:
            event_log.take_text()
        # More may be added while Redis is asked; readers see only what it had the chance to take.
        sizes = {event_log: len(event_log.frames) for event_log in batch}
        try:
            await self._store(sizes)
        except (RedisError, OSError) as error:
            log.warning("event log: Redis does not take events: %s", error)
            self._later(batch)
        for event_log, size in sizes.items():
            event_log.publish(size)
            if event_log.closed and event_log.stored == len(event_log.frames):
                self.logs.pop(event_log.generation_id, None)

    async def _store(self, sizes: dict[EventLog, int]) -> None:
        async with async_client().pipeline(transaction=False) as pipe:
            for event_log, size in sizes.items():
                name = stream_key(event_log.generation_id)
                for seq, frame, last in event_log.frames[event_log.stored : size]:
                    pipe.xadd(name, {"e": frame, "l": int(last)}, id=f"{seq}-0")
                if self._is_due(event_log):
                    pipe.expire(name, KEEP_SECONDS)
            # An entry that is already there (a pipeline cut off half-way) is refused: that is fine.
            await pipe.execute(raise_on_error=False)
        for event_log, size in sizes.items():
            event_log.stored = size

    def _is_due(self, event_log: EventLog) -> bool:
        """Whether to say anew how long a log is kept: not with every event, and at its end."""
        now = time.monotonic()
        if not event_log.closed and now - event_log.extended < KEEP_SECONDS / 6:
            return False
        event_log.extended = now
        return True

    def _later(self, batch: set[EventLog]) -> None:
        """Try these again in a second; a closed log gives up then, its text is in the database."""
        for event_log in batch:
            if event_log.closed:
                event_log.stored = len(event_log.frames)
        waiting = [event_log for event_log in batch if not event_log.closed]
        loop = asyncio.get_running_loop()
        for event_log in waiting:
            loop.call_later(1, self._wake_quietly, event_log)

    def _wake_quietly(self, event_log: EventLog) -> None:
        self.wake(event_log, urgent=False)


_writers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LogWriter] = (
    weakref.WeakKeyDictionary()
)


def writer() -> LogWriter:
    loop = asyncio.get_running_loop()
    if loop not in _writers:
        _writers[loop] = LogWriter()
    return _writers[loop]


def local(generation_id: uuid.UUID) -> EventLog | None:
    """The log of a generation this process is writing."""
    return writer().logs.get(generation_id)


async def read(generation_id: uuid.UUID, after: int, *, wait: float = 0) -> list[Frame]:
    """Stored frames after number `after`; waits up to `wait` seconds for the first."""
    name = stream_key(generation_id)
    block = int(wait * 1000) or None
    reply = await async_client().xread({name: f"{max(after, 0)}-0"}, count=1000, block=block)
    rows = reply[0][1] if reply else []
    return [(int(row_id.split("-")[0]), row["e"], row["l"] == "1") for row_id, row in rows]
