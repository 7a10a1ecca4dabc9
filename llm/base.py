"""The two seams of this room: a chat model streams events, an embedder turns texts to vectors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from llm.events import Event
from llm.messages import JSONDict, Request

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

Kind = Literal["query", "document"]


class ChatModel(Protocol):
    def stream(self, request: Request) -> AsyncIterator[Event]:
        """Yield events; ``Completed`` comes last. Raises ``LLMError`` and nothing else.

        It is an async generator: whoever iterates it wraps it in ``contextlib.aclosing``, because
        otherwise a cancelled turn leaves the provider's stream open until garbage collection.
        """
        ...


@dataclass(frozen=True, slots=True)
class Batching:
    """How an embedder likes its documents: at most so many texts and characters in one call, and
    so many calls at the same moment.

    ``keep_within``: seconds for which an answer may wait until it is stored together with others.
    Only where asking again costs nothing but time.
    """

    texts: int = 64
    characters: int = 200_000
    at_once: int = 2
    keep_within: float = 0.0


class Embedder(Protocol):
    """One that has a `batching` of its own is given that much; see `llm.services.batching`."""

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """float32 vectors of unit length, shape (len(texts), dimensions), in the order given.

        ``kind`` matters: some models embed a question and a passage differently, and the wrong one
        halves recall. Raises ``LLMError``.
        """
        ...


class Reranker(Protocol):
    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the query, higher is better. Raises ``LLMError``."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is spoken to, and with which key ("" for none)."""

    kind: str
    base_url: str
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one model can do, as its registry row says. The defaults suit an unknown model.

    ``parameters``: ``temperature`` (bool: it takes one), ``max_tokens`` (name of the field, for the
    OpenAI protocol), ``first_event_seconds``, ``body`` (further fields for each request).
    """

    tools: bool = True
    vision: bool = False
    max_output_tokens: int | None = None
    parameters: JSONDict = field(default_factory=dict)
