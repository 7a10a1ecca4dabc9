"""What a call costs, and how much it can come to before it is made."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from llm.messages import Request, Usage
from llm.tokens import DEFAULT_BYTES, IMAGE_TOKENS, pictures_in, request_size

MILLION = Decimal(1_000_000)
# Low: what is held back has to be enough for text with many tokens, such as numbers and code.
SAFE_BYTES = 2.0
# What each provider adds around a message, at most.
FRAME_TOKENS = 20
# An answer to a student is never longer. It keeps a model's largest output, often a hundred
# thousand tokens, from holding a whole budget for each call.
MOST_OUTPUT, MOST_THOUGHT_OUTPUT = 8192, 32768
UNKNOWN_OUTPUT = 4096


class Priced(Protocol):
    """A language model's row: dollars for a million tokens, None where unknown."""

    input_price: Decimal | None
    output_price: Decimal | None
    cached_input_price: Decimal | None
    max_output_tokens: int | None
    supports_reasoning: bool


def cost(model: Priced, usage: Usage) -> Decimal | None:
    """US dollars, None when a price that is needed is unknown."""
    if model.input_price is None or model.output_price is None:
        return None
    again = model.cached_input_price
    if again is None:
        again = model.input_price
    fresh = max(usage.input_tokens - usage.cached_tokens, 0)
    total = (
        fresh * Decimal(model.input_price)
        + usage.cached_tokens * Decimal(again)
        + usage.output_tokens * Decimal(model.output_price)
    )
    return (total / MILLION).quantize(Decimal("1e-8"))


def longest_output(model: Priced, request: Request) -> int | None:
    """Tokens a call under a budget may write; None where no maximum is known."""
    known = [limit for limit in (request.max_tokens, model.max_output_tokens) if limit]
    if not known:
        return None
    return min(*known, MOST_THOUGHT_OUTPUT if model.supports_reasoning else MOST_OUTPUT)


def most(model: Priced, request: Request) -> Usage:
    """The largest usage a call can come to; what a budget holds back for it."""
    frames = FRAME_TOKENS * (len(request.messages) + len(request.tools) + 1)
    tokens = int(request_size(request) / SAFE_BYTES) + frames + IMAGE_TOKENS * pictures_in(request)
    return Usage(tokens, longest_output(model, request) or UNKNOWN_OUTPUT)


def likely(request: Request, written_bytes: int) -> Usage:
    """What a call probably took whose provider sent no count."""
    tokens = int(request_size(request) / DEFAULT_BYTES) + IMAGE_TOKENS * pictures_in(request)
    return Usage(tokens, -int(-written_bytes // DEFAULT_BYTES))
