"""Vectors of queries, kept in Redis: students of one class ask the same, and follow-ups repeat.

A key holds a keyed hash and nothing of what was asked; the value is the vector alone. Without
Redis every query is embedded.
"""

import asyncio
import base64
import hashlib
import logging
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings

from core.redis import async_client, key, sync_client
from llm.errors import LLMError
from llm.models import EmbeddingModel
from llm.services import Caller, embedder

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)
SECONDS = 24 * 3600
# A cache that is slower than this is no help.
PATIENCE = 0.25
# For how long the last failure to embed a query is told of.
TROUBLE_SECONDS = 120


async def query_vector(
    model: EmbeddingModel, text: str, caller: Caller | None = None
) -> "np.ndarray[Any, Any]":
    """The vector of a query by this model, float32 of unit length. Raises llm.errors.LLMError.

    `caller` pays for it where it is not kept already.
    """
    name = _name(model, text)
    found = _vector(await _get(name), model.dimensions)
    if found is not None:
        return found
    try:
        vector: np.ndarray[Any, Any] = (await embedder(model, caller).embed([text], "query"))[0]
    except LLMError as error:
        await _set(_trouble(model), error.code, TROUBLE_SECONDS)
        raise
    await _drop(_trouble(model))
    # Half precision, as the passages' vectors have it.
    await _set(name, base64.b64encode(vector.astype("<f2").tobytes()).decode())
    return vector


def _name(model: EmbeddingModel, text: str) -> str:
    """Whatever changes the vector is in the hash; the key keeps texts from being guessed."""
    parts = (model.kind, model.provider_id, model.name, model.dimensions, model.query_prefix, text)
    secret = hashlib.sha256(b"query vectors" + settings.SECRET_KEY.encode()).digest()
    digest = hashlib.blake2b(repr(parts).encode(), key=secret, digest_size=20).hexdigest()
    return key("query-vector", model.pk, digest)


def _vector(kept: str | None, dimensions: int) -> "np.ndarray[Any, Any] | None":
    import numpy as np  # noqa: PLC0415

    if kept is None:
        return None
    try:
        vector = np.frombuffer(base64.b64decode(kept, validate=True), "<f2").astype(np.float32)
    except ValueError:
        return None
    return vector if len(vector) == dimensions and np.isfinite(vector).all() else None


async def _get(name: str) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE):
            kept: str | None = await async_client().get(name)
            return kept
    except (redis.RedisError, OSError) as error:  # a time-out is an OSError
        log.warning("query vectors are not cached: %s", type(error).__name__)
        return None


def words_only(model: EmbeddingModel) -> bool:
    """Whether the last query that had to be embedded could not be, a moment ago."""
    try:
        return bool(sync_client().exists(_trouble(model)))
    except (redis.RedisError, OSError) as error:
        log.warning("whether queries are embedded is not known: %s", type(error).__name__)
        return False


def _trouble(model: EmbeddingModel) -> str:
    return key("query-trouble", model.pk)


async def _drop(name: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await async_client().delete(name)
    except (redis.RedisError, OSError) as error:
        log.warning("that queries are embedded was not noted: %s", type(error).__name__)


async def _set(name: str, value: str, seconds: int = SECONDS) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await async_client().set(name, value, ex=seconds)
    except (redis.RedisError, OSError) as error:
        log.warning("a query vector was not cached: %s", type(error).__name__)
