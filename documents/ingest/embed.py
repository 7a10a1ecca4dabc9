"""Texts to vectors: in batches of like length, each different text once."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from documents.ingest.frames import Unreadable
from llm.base import Embedder
from llm.errors import LLMError

if TYPE_CHECKING:
    import numpy

BATCH = 32


class EmbedderFailed(Exception):
    """The embedder did not answer; another try may help when `retryable`."""

    def __init__(self, error: LLMError) -> None:
        super().__init__(str(error))
        self.retryable = error.retryable


def embed(
    texts: Sequence[str],
    embedder: Embedder,
    dimensions: int,
    tell: Callable[[float, float], None],
) -> "numpy.ndarray":
    """(len(texts), dimensions) float16, unit length, in the order of `texts`.

    `tell(share, seconds_left)` is called after each batch, the share from 0 to 1 of the
    characters; what it raises ends the work.
    """
    import numpy  # noqa: PLC0415

    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    # Padding costs as much as text: neighbours in length waste little of it.
    order = sorted(places, key=len)
    total = sum(map(len, order)) or 1
    vectors = numpy.zeros((len(texts), dimensions), numpy.float16)
    done, started = 0, time.monotonic()
    with asyncio.Runner() as runner:
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            try:
                rows = runner.run(_once(embedder, batch))
            except LLMError as error:
                raise EmbedderFailed(error) from error
            if rows.shape != (len(batch), dimensions):
                raise Unreadable("embedder", f"vectors of shape {rows.shape}")
            for text, row in zip(batch, rows, strict=True):
                vectors[places[text]] = row
            done += sum(map(len, batch))
            left = (time.monotonic() - started) / done * (total - done)
            tell(done / total, left)
    return vectors


async def _once(embedder: Embedder, batch: Sequence[str]) -> "numpy.ndarray":
    return await embedder.embed(batch, "document")
