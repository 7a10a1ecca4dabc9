"""From a row to something that embeds, and the checks every embedder's answer goes through."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from llm.base import Batching, Embedder, Endpoint, Kind
from llm.credentials import endpoint
from llm.embeddings.local import LocalEmbedder
from llm.embeddings.models import EmbeddingModel
from llm.errors import LLMError, llm_error
from llm.models import Provider
from llm.registry import EMBEDDERS, LOCAL_EMBEDDERS
from llm.seeds import LOCAL_EMBEDDING

if TYPE_CHECKING:
    from llm.base import Vectors


# Seconds for one call; a server of one's own may have to load its model for the first batch.
PATIENCE: dict[Kind, float] = {"query": 20.0, "document": 300.0}
RETRY_AFTER = 0.3


class CheckedEmbedder:
    """Puts the words the model wants before each text, and lets no unusable vector through.

    A vector that is missing, of another size, not a number or without a direction would spoil an
    index in silence.
    """

    def __init__(
        self, inner: Embedder, dimensions: int, query_prefix: str = "", document_prefix: str = ""
    ) -> None:
        self.inner = inner
        self.dimensions = dimensions
        self._prefixes = {"query": query_prefix, "document": document_prefix}

    @property
    def batching(self) -> Batching:
        found: Batching = getattr(self.inner, "batching", Batching())
        return found

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        prefixed = [self._prefixes[kind] + text for text in texts]
        try:
            rows = await self._patiently(prefixed, kind)
        except LLMError as error:
            # Somebody waits for a question; documents are tried again by whoever reads them.
            if kind == "document" or not error.retryable or error.code == "timeout":
                raise
            await asyncio.sleep(RETRY_AFTER)
            rows = await self._patiently(prefixed, kind)
        return checked(rows, len(texts), self.dimensions)

    async def _patiently(self, texts: Sequence[str], kind: Kind) -> Vectors:
        try:
            async with asyncio.timeout(PATIENCE[kind]):
                return await self.inner.embed(texts, kind)
        except TimeoutError as error:
            raise llm_error("timeout") from error


def checked(rows: Vectors, count: int, dimensions: int) -> Vectors:
    """The rows when they are ``count`` vectors of this size (0: any); else raises ``LLMError``."""
    import numpy as np  # noqa: PLC0415

    if rows.ndim != 2 or len(rows) != count:
        raise llm_error("malformed")
    if dimensions and rows.shape[1] != dimensions:
        raise llm_error("other_dimensions")
    lengths = np.linalg.norm(rows, axis=1)
    if not np.isfinite(rows).all() or not (abs(lengths - 1) < 0.01).all():
        raise llm_error("malformed")
    return rows


# id -> (what it was made from, the embedder): another key or address makes another one.
_embedders: dict[int, tuple[object, Embedder]] = {}
_lock = threading.Lock()


def embedder(model: EmbeddingModel) -> Embedder:
    """The embedder of a row, one for the whole process: a local one holds its weights.

    ``model.provider`` must be loaded where there is one: this makes no query.
    """
    where = endpoint_of(model)
    made_from = (where, _settings_of(model))
    with _lock:
        found = _embedders.get(model.pk)
        if found is None or found[0] != made_from:
            found = _embedders[model.pk] = (made_from, new_embedder(model, where))
        return found[1]


def new_embedder(model: EmbeddingModel, where: Endpoint | None) -> Embedder:
    if where is None:
        return _local(model.name)
    inner: Embedder = import_string(EMBEDDERS[model.kind])(
        where, model.name, model.dimensions, sends_dimensions=model.sends_dimensions
    )
    return CheckedEmbedder(inner, model.dimensions, model.query_prefix, model.document_prefix)


def endpoint_of(model: EmbeddingModel) -> Endpoint | None:
    """Where the model is asked; None for the one in this process."""
    if model.kind == EmbeddingModel.Kind.LOCAL:
        return None
    return endpoint(model.provider or Provider(kind=model.kind))


def _settings_of(model: EmbeddingModel) -> tuple[object, ...]:
    return (
        model.kind,
        model.name,
        model.dimensions,
        model.sends_dimensions,
        model.query_prefix,
        model.document_prefix,
    )


_locals: dict[str, Embedder] = {}


def _local(name: str) -> Embedder:
    if name not in _locals:
        open_model = import_string(LOCAL_EMBEDDERS.get(name, LOCAL_EMBEDDERS[LOCAL_EMBEDDING[1]]))
        local = LocalEmbedder(settings.EMBEDDER_THREADS, settings.EMBEDDER_CALLS, open_model)
        _locals[name] = CheckedEmbedder(local, local.dimensions)
    return _locals[name]
