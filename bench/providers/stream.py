"""One answer on its way: the next step at each tick."""

import time
from collections.abc import Iterator

from bench.providers.behaviour import Behaviour
from bench.providers.http import Connection
from bench.providers.records import Record, Records
from bench.providers.steps import Break, Call, Finish, Say, Step, Think
from bench.providers.wire import Wire

# How soon a client that reads too slowly is looked at again.
WAIT = 0.02


class Stream:
    """Sends ``steps`` over a connection that is its own until it ends."""

    def __init__(
        self, connection: Connection, wire: Wire, behaviour: Behaviour, records: Records
    ) -> None:
        self.connection, self.wire, self.behaviour = connection, wire, behaviour
        self.records = records
        self._open = True

    def begin(self, steps: Iterator[Step], record: Record) -> float:
        """Send the head; when the first token is due."""
        self._steps, self.record = steps, record
        self._step = next(steps, None)
        self._next = record.received + self.behaviour.first / 1000
        self.records.opened()
        self.connection.on_lost = self._lost
        self.connection.begin()
        return self._next

    def due(self, now: float) -> float | None:
        """Send what is due; the time of the next token, or None when nothing more will come."""
        if not self._open or self._step is None:
            return None
        if self.connection.paused:
            return now + WAIT
        if self.record.first is None and "empty" not in self.behaviour:
            self._chunks(self.wire.begin())
        self._send(self._step)
        self._step = next(self._steps, None)
        # The end of an answer comes with its last token.
        if isinstance(self._step, Finish) and self._open:
            self._send(self._step)
        if not self._open:
            return None
        self._next += self.behaviour.token / 1000
        return self._next

    def _send(self, step: Step) -> None:
        match step:
            case Say(text):
                self._token(self.wire.say(text))
            case Think(text):
                self._token(self.wire.think(text))
            case Call():
                self.record.kind = "call"
                self._token(self.wire.call(step))
            case Finish(reason):
                if "empty" not in self.behaviour:
                    self._chunks(self.wire.finish(reason, "nousage" not in self.behaviour))
                self._end()
            case Break(how):
                self._break(how)

    def _token(self, data: bytes) -> None:
        self._chunks(b": still here\n\n" + data if "ping" in self.behaviour else data)
        self.record.tokens += 1
        self.record.last = time.monotonic()
        self.record.first = self.record.first or self.record.last

    def _chunks(self, data: bytes) -> None:
        # No bytes would be a chunk of length 0, which ends the body.
        size = self.behaviour.number("split") or max(len(data), 1)
        for start in range(0, len(data), size):
            self.connection.chunk(data[start : start + size])

    def _break(self, how: str) -> None:
        match how:
            case "die":
                self._leave()
                self.connection.reset()
            case "drop":
                self._leave()
                self.connection.close()
            case "bad":
                self._chunks(b"event: content_block_delta\ndata: {no json\n\n")
            case "odd":
                self._chunks(self.wire.odd())
            case "inband":
                self._chunks(self.wire.inband())
        if how in ("cut", "inband"):
            self._end()
        if how == "hang":
            self._steps = iter(())

    def _end(self) -> None:
        self._leave()
        self.connection.end()

    def _leave(self) -> None:
        self._open = False
        self.connection.on_lost = None
        self.records.open -= 1
        self.record.ended = time.monotonic()

    def _lost(self) -> None:
        self._leave()
        self.record.ended, self.record.closed = None, time.monotonic()
