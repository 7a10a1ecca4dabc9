"""Texts to vectors, while the texts are still being found.

Texts wait until there are enough of them to be sorted by length: padding costs as much as text.
The first ones wait for fewer others, so that the embedder begins early; after that one window waits
while another is embedded, and nothing is idle while the reader is slow for a moment.
Each different text is embedded once, and none that somebody has kept a vector of. What a killed
worker had asked for is asked again by the next one: at most `Batching.at_once` calls, since the
answer of every other one is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any, TypeAlias

from documents.ingest.chunking import beside
from documents.ingest.frames import Unreadable
from llm.base import Embedder
from llm.errors import LLMError
from llm.services import batching, begin

if TYPE_CHECKING:
    import numpy

    Vector: TypeAlias = numpy.ndarray[Any, Any]
    Find: TypeAlias = Callable[[Sequence[bytes]], Mapping[bytes, Vector]]
    Keep: TypeAlias = Callable[[Sequence[bytes], Vector], None]

# Texts sorted together; passages of one book waste 3% on padding then, and 40% as they come.
WINDOW = 512
FIRST_WINDOW, GROWTH = 64, 4
# So many vectors do not wait to be handed to `keep`, whatever the embedder's `keep_within` says.
KEEP_MOST = 512
# A provider that says "slower" is asked again by the same worker, so often and after so long.
SLOWER, LONGEST_PAUSE = 4, 30.0
LEADERS = re.compile(r"(?:[.·…_\-–—=*•] ?){4,}")
CELLS = re.compile(r"[ \t]*\|[ \t|]*")
BLANKS = re.compile(r"[ \t]{2,}")


class EmbedderFailed(Exception):
    """The embedder did not answer; another try may help when `retryable`."""

    def __init__(self, error: LLMError) -> None:
        super().__init__(str(error))
        self.retryable = error.retryable
        self.code = error.code


def passage(title: str, heading: str, text: str) -> str:
    """What is embedded of a passage, under a header that says where it stands.

    Each token takes time: of a path of headings there is only the last, and neither dots that lead
    to a number nor the edges of cells. Words are looked for under the whole path (`postings`).
    """
    path, _bar, columns = heading.partition(" | ")
    header = beside(title, path.rpartition(" > ")[2], columns)
    words = BLANKS.sub(" ", CELLS.sub(" ", LEADERS.sub(" ", text))).strip()
    return f"{header}\n{words}"


def digest_of(text: str) -> bytes:
    """16 bytes that stand for a text: the same text has the same vector by the same model."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Embedding:
    """The vectors of one document by one model: `add` its texts in order, then `finish`.

    `find` gives vectors that are known, by the digests of their texts; `keep` is given those that
    are new, as soon as `Batching.keep_within` says. For one thread, which closes it in the end.
    """

    def __init__(
        self,
        embedder: Embedder,
        dimensions: int,
        find: Find | None = None,
        keep: Keep | None = None,
    ) -> None:
        self._embedder = embedder
        self._dimensions = dimensions
        self._batching = batching(embedder)
        self._find = find
        self._keep = keep
        # digest → place among the different texts, and for each text of the document its place.
        self._places: dict[bytes, int] = {}
        self._order: list[int] = []
        self._rows: list[Vector | None] = []
        self._window: list[tuple[bytes, str]] = []
        self._queued: deque[list[tuple[bytes, str]]] = deque()
        self._running: dict[Future[Vector], list[tuple[bytes, str]]] = {}
        # Texts in these two, and how many may be before `add` waits.
        self._ahead = 0
        at_once = self._batching.texts * self._batching.at_once
        self._most = max(WINDOW, at_once)
        self._room = min(WINDOW, max(FIRST_WINDOW, at_once))
        self._unkept: list[tuple[list[bytes], Vector]] = []
        self._kept_at = time.monotonic()
        self._started = 0.0
        self.sent = 0
        # Characters: of all texts, of those that are done, and of those that had to be embedded.
        self.taken = self.done = self.embedded = 0

    @property
    def digests(self) -> list[bytes]:
        """One for each text, in order."""
        known = list(self._places)
        return [known[place] for place in self._order]

    @property
    def _is_answered(self) -> bool:
        return any(answer.done() for answer in self._running)

    @property
    def rate(self) -> float:
        """Characters a second since the first call; 0.0 before the first answer."""
        return self.embedded / max(1e-3, time.monotonic() - self._started) if self.embedded else 0.0

    def add(self, text: str, tell: Callable[[], None] = lambda: None) -> None:
        """Waits while a window more is under way than one, so memory stays bounded.

        `tell` is called after each batch that came back; what it raises ends the work.
        """
        digest = digest_of(text)
        place = self._places.setdefault(digest, len(self._rows))
        self._order.append(place)
        self.taken += len(text)
        if place < len(self._rows):
            self.done += len(text)
            return
        self._rows.append(None)
        self._window.append((digest, text))
        if len(self._window) >= self._room:
            self._room = min(WINDOW, GROWTH * self._room)
            self._queue()
        while self._running and (self._ahead > self._most or self._is_answered):
            self._collect(tell)

    def finish(self, tell: Callable[[], None] = lambda: None) -> Vector:
        """(texts, dimensions) float16 of unit length, in the order in which they were added;
        `tell` as in `add`."""
        import numpy  # noqa: PLC0415

        self._queue()
        while self._running:
            self._collect(tell)
        self._keep_all()
        if not self._order:
            return numpy.zeros((0, self._dimensions), numpy.float16)
        rows: Vector = numpy.stack([row for row in self._rows if row is not None])
        return rows[self._order]

    def close(self) -> None:
        """Let nothing go on that nobody waits for; what has come already is kept."""
        while self._running:
            answer, batch = self._running.popitem()
            if not answer.cancel() and answer.exception() is None:
                self._unkept.append(([digest for digest, _text in batch], answer.result()))
        self._keep_all()

    def _queue(self) -> None:
        window, self._window = self._window, []
        found = self._find([digest for digest, _text in window]) if self._find and window else {}
        for digest, text in window:
            if digest in found:
                self._rows[self._places[digest]] = found[digest]
                self.done += len(text)
        missing = [pair for pair in window if pair[0] not in found]
        missing.sort(key=lambda pair: (len(pair[1]), pair[1]))
        self._ahead += len(missing)
        self._queued.extend(self._batches(missing))
        self._send()

    def _send(self) -> None:
        while self._queued and len(self._running) < self._batching.at_once:
            batch = self._queued.popleft()
            self._started = self._started or time.monotonic()
            call = _once(self._embedder, [text for _digest, text in batch], self._dimensions)
            self._running[begin(call)] = batch
            self.sent += 1

    def _batches(self, pairs: list[tuple[bytes, str]]) -> list[list[tuple[bytes, str]]]:
        batches: list[list[tuple[bytes, str]]] = []
        room, characters = 0, 0
        for pair in pairs:
            if not room or characters < len(pair[1]):
                batches.append([])
                room, characters = self._batching.texts, self._batching.characters
            batches[-1].append(pair)
            room, characters = room - 1, characters - len(pair[1])
        return batches

    def _collect(self, tell: Callable[[], None]) -> None:
        """What came first, whichever was asked first: an answer is no good to the next worker
        while it waits for a slower one."""
        answer = next(iter(wait(self._running, return_when=FIRST_COMPLETED).done))
        batch = self._running.pop(answer)
        self._ahead -= len(batch)
        rows = answer.result()
        for (digest, _text), row in zip(batch, rows, strict=True):
            self._rows[self._places[digest]] = row
        self._unkept.append(([digest for digest, _text in batch], rows))
        waiting = sum(len(digests) for digests, _rows in self._unkept)
        late = time.monotonic() - self._kept_at >= self._batching.keep_within
        if late or waiting >= KEEP_MOST:
            self._keep_all()
        characters = sum(len(text) for _digest, text in batch)
        self.done += characters
        self.embedded += characters
        tell()
        # Last: nothing is sent any more when it was the wish to stop that was told.
        self._send()

    def _keep_all(self) -> None:
        import numpy  # noqa: PLC0415

        unkept, self._unkept = self._unkept, []
        self._kept_at = time.monotonic()
        if unkept and self._keep is not None:
            digests = [digest for some, _rows in unkept for digest in some]
            self._keep(digests, numpy.concatenate([rows for _digests, rows in unkept]))


async def _once(embedder: Embedder, batch: Sequence[str], dimensions: int) -> Vector:
    import numpy  # noqa: PLC0415

    for tries in range(SLOWER + 1):
        try:
            rows = await embedder.embed(batch, "document")
            break
        except LLMError as error:
            pause = error.retry_after or 0.0
            if error.code != "rate_limited" or tries == SLOWER or not 0 < pause <= LONGEST_PAUSE:
                raise EmbedderFailed(error) from error
            await asyncio.sleep(pause)
    if rows.shape != (len(batch), dimensions):
        raise Unreadable("embedder", f"vectors of shape {rows.shape}")
    return rows.astype(numpy.float16)
