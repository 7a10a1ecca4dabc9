"""How many tokens a text is for a model, without its tokeniser.

Tokenisers are downloads, and every model has its own. Bytes of UTF-8 for a token are a good measure
instead: about four in English, three in Indonesian, less in scripts whose letters take several
bytes. Each model's own rate is learned from what its provider counted, and kept on the safe side.
"""

from __future__ import annotations

import logging
import time
from uuid import UUID

from redis.exceptions import RedisError

from core.redis import key, sync_client
from llm.messages import Image, Request, Text, ToolCall, ToolResult

log = logging.getLogger(__name__)

# Low on purpose: a text that is thought too long is only cut, one thought too short is refused.
DEFAULT_BYTES = 3.0
SAFETY = 0.95
LEARNING = 0.2
# For a picture, at most, whatever the provider.
IMAGE_TOKENS = 2000
# A short request is mostly the provider's own framing.
LEAST_TOKENS = 400
LEAST_BYTES, MOST_BYTES = 1.0, 6.0
KEEP_SECONDS = 90 * 24 * 3600


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def request_size(request: Request) -> int:
    """Bytes of everything a request says."""
    total = size(request.system)
    total += sum(size(f"{tool.name}{tool.description}{tool.parameters}") for tool in request.tools)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Text):
                total += size(part.text)
            elif isinstance(part, ToolResult):
                total += size(part.content)
            elif isinstance(part, ToolCall):
                total += size(str(part.arguments))
    return total


def pictures_in(request: Request) -> int:
    """How many are shown in it."""
    parts = (part for message in request.messages for part in message.parts)
    return sum(isinstance(part, Image) for part in parts)


# model -> (rate, until when it is believed): one question asks for it several times.
_rates: dict[UUID, tuple[float, float]] = {}
BELIEVE_SECONDS = 10.0


def bytes_a_token(model_id: UUID) -> float:
    """The model's learned rate, a little lower; DEFAULT_BYTES until something was learned."""
    rate, until = _rates.get(model_id, (DEFAULT_BYTES, 0.0))
    if time.monotonic() < until:
        return rate
    try:
        known = sync_client().get(_key(model_id))
    except RedisError as error:
        log.warning("token rates cannot be read: %s", error)
        return DEFAULT_BYTES
    rate = float(str(known)) * SAFETY if known else DEFAULT_BYTES
    _rates[model_id] = rate, time.monotonic() + BELIEVE_SECONDS
    return rate


def learn(model_id: UUID, request_bytes: int, input_tokens: int) -> None:
    """Take a provider's count into the model's rate: an exponential average."""
    if input_tokens < LEAST_TOKENS:
        return
    rate = min(max(request_bytes / input_tokens, LEAST_BYTES), MOST_BYTES)
    try:
        known = sync_client().get(_key(model_id))
        if known:
            rate = float(str(known)) * (1 - LEARNING) + rate * LEARNING
        sync_client().set(_key(model_id), f"{rate:.4f}", ex=KEEP_SECONDS)
        _rates.pop(model_id, None)
    except RedisError as error:
        log.warning("token rates cannot be kept: %s", error)


def _key(model_id: UUID) -> str:
    return key("bytes-a-token", model_id)
