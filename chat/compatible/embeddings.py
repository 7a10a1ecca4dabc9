"""Vectors for programs, by the embedding model that the material is searched with."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import User
from chat.compatible.refusals import failure, refused
from chat.compatible.requests import EmbeddingsIn
from core.errors import NotFound
from llm.base import Embedder, Kind
from llm.errors import LLMError
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model
from llm.services import Caller, batching, embedder, require_budget_to_embed
from llm.tokens import DEFAULT_BYTES, size

if TYPE_CHECKING:
    from llm.base import Vectors

MOST_TEXTS, MOST_BYTES, LONGEST_TEXT = 2048, 1_000_000, 32_000


@dataclass(frozen=True)
class Ready:
    model: EmbeddingModel
    embedder: Embedder
    texts: Sequence[str]
    kind: Kind
    as_base64: bool


def prepare(user: User, address: str, asked: EmbeddingsIn) -> Ready:
    """Counts as a question of this person. Raises AppError."""
    limits.count("chat", user, address)
    model = current_embedding_model()
    if asked.model not in (model.name, str(model)):
        sentence = _("Lontar embeds with %(name)s. Ask for that model.")
        raise NotFound(
            sentence % {"name": model.name}, code="model_not_found", extra={"param": "model"}
        )
    if asked.dimensions not in (None, model.dimensions):
        sentence = _("The vectors of this model have %(number)d dimensions.")
        raise refused(sentence % {"number": model.dimensions}, "dimensions")
    kind: Kind = "query" if asked.input_type == "query" else "document"
    caller = Caller(user.pk, kind="embedding")
    texts = _texts(asked)
    try:
        require_budget_to_embed(model, caller)
    except LLMError as error:
        raise failure(error) from error
    made = embedder(model, caller)
    return Ready(model, made, texts, kind, asked.encoding_format == "base64")


async def answer(ready: Ready) -> dict[str, Any]:
    """As the protocol has it; raises AppError."""
    try:
        vectors = await _embedded(ready)
    except ExceptionGroup as group:
        failed = [error for error in group.exceptions if isinstance(error, LLMError)]
        if not failed:
            raise
        raise failure(failed[0]) from failed[0]
    tokens = int(sum(map(size, ready.texts)) / DEFAULT_BYTES)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": number, "embedding": vector}
            for number, vector in enumerate(_written(vectors, ready.as_base64))
        ],
        "model": ready.model.name,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


async def _embedded(ready: Ready) -> list["Vectors"]:
    """In batches as the model likes them, in the order given."""
    batch = batching(ready.embedder)
    gate = asyncio.Semaphore(batch.at_once)

    async def one(texts: Sequence[str]) -> "Vectors":
        async with gate:
            return await ready.embedder.embed(texts, ready.kind)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(texts)) for texts in _batches(ready.texts, batch)]
    return [task.result() for task in tasks]


def _batches(texts: Sequence[str], batch: Any) -> list[list[str]]:
    out: list[list[str]] = [[]]
    room = batch.characters
    for text in texts:
        if out[-1] and (len(out[-1]) >= batch.texts or len(text) > room):
            out.append([])
            room = batch.characters
        out[-1].append(text)
        room -= len(text)
    return out


def _written(parts: Sequence["Vectors"], as_base64: bool) -> list[Any]:
    rows = [row for part in parts for row in part]
    if as_base64:
        return [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in rows]
    return [row.tolist() for row in rows]


def _texts(asked: EmbeddingsIn) -> list[str]:
    given: Any = [asked.input] if isinstance(asked.input, str) else asked.input
    if not given or any(not isinstance(text, str) for text in given):
        raise refused(_("Send texts, not tokens, and at least one."), "input")
    if len(given) > MOST_TEXTS:
        raise refused(_("Send at most 2048 texts at once."), "input")
    if any(not text.strip() for text in given):
        raise refused(_("An empty text has no vector."), "input")
    if any(size(text) > LONGEST_TEXT for text in given) or sum(map(size, given)) > MOST_BYTES:
        sentence = _("This is too long: send 32 kB a text at most, and 1 MB at once.")
        raise refused(sentence, "input", "context_length_exceeded")
    return list(given)
