"""Texts to vectors: in batches of like length, each different text once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from documents.ingest.chunking import header
from documents.ingest.frames import Unreadable
from llm.base import Embedder
from llm.errors import LLMError
from llm.services import wait_for

if TYPE_CHECKING:
    import numpy

    Vector: TypeAlias = numpy.ndarray[Any, Any]
    Keep: TypeAlias = Callable[[Sequence[str], Vector], None]

BATCH = 32


class EmbedderFailed(Exception):
    """The embedder did not answer; another try may help when `retryable`."""

    def __init__(self, error: LLMError) -> None:
        super().__init__(str(error))
        self.retryable = error.retryable
        self.code = error.code


def passage(title: str, heading: str, text: str) -> str:
    """What is embedded and indexed of a passage: with a header that says where it stands."""
    return f"{header(title, heading)}\n{text}"


def embed(
    texts: Sequence[str],
    embedder: Embedder,
    dimensions: int,
    tell: Callable[[float, float], None],
    *,
    known: Mapping[str, Vector] | None = None,
    keep: Keep | None = None,
) -> Vector:
    """(len(texts), dimensions) float16, unit length, in the order of `texts`.

    `tell(share, seconds_left)` is called after each batch, the share from 0 to 1 of the
    characters; what it raises ends the work. `known` are vectors from an earlier try, `keep` is
    given the texts and vectors of each batch as soon as they are there.
    """
    import numpy  # noqa: PLC0415

    known = known or {}
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    vectors = numpy.zeros((len(texts), dimensions), numpy.float16)
    for text in places.keys() & known.keys():
        vectors[places[text]] = known[text]
    # Padding costs as much as text: neighbours in length waste little of it.
    order = sorted(places.keys() - known.keys(), key=lambda text: (len(text), text))
    total = sum(map(len, order)) or 1
    done, started = 0, time.monotonic()
    for first in range(0, len(order), BATCH):
        batch = order[first : first + BATCH]
        rows = wait_for(_once(embedder, batch, dimensions))
        for text, row in zip(batch, rows, strict=True):
            vectors[places[text]] = row
        if keep is not None:
            keep(batch, rows)
        done += sum(map(len, batch))
        left = (time.monotonic() - started) / done * (total - done)
        tell(done / total, left)
    return vectors


async def _once(embedder: Embedder, batch: Sequence[str], dimensions: int) -> Vector:
    try:
        rows = await embedder.embed(batch, "document")
    except LLMError as error:
        raise EmbedderFailed(error) from error
    if rows.shape != (len(batch), dimensions):
        raise Unreadable("embedder", f"vectors of shape {rows.shape}")
    return rows
