"""Embeddings over the OpenAI protocol: OpenAI, Ollama and servers that speak it.

Reference: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import httpx2
from openai.types import Embedding

from llm.base import Endpoint, Kind
from llm.errors import llm_error
from llm.providers import failures
from llm.providers.clients import sdk_client
from llm.providers.openai import failure, make_client
from llm.providers.vectors import unit

if TYPE_CHECKING:
    from llm.base import Vectors

# The protocol allows more; a smaller batch keeps a retry cheap and suits small servers.
BATCH = 64


class OpenAIEmbedder:
    """The protocol does not tell questions from passages; models that do want words before them."""

    def __init__(
        self,
        endpoint: Endpoint,
        name: str,
        dimensions: int,
        http: httpx2.AsyncClient | None = None,
        *,
        sends_dimensions: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self.name = name
        self.dimensions = dimensions
        self.sends_dimensions = sends_dimensions
        self._http = http

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        rows: list[list[float]] = []
        with failures.as_llm_error(failure):
            client = sdk_client(self.endpoint, make_client, self._http)
            for start in range(0, len(texts), BATCH):
                # An empty text is refused by OpenAI; a blank stands in for it.
                batch = [text or " " for text in texts[start : start + BATCH]]
                answer = await client.embeddings.create(
                    model=self.name,
                    input=batch,
                    encoding_format="float",
                    extra_body=self._shortened(),
                )
                rows += _in_order(answer.data, len(batch))
            return unit(rows, self.dimensions, len(texts))

    def _shortened(self) -> dict[str, int]:
        """Models of one size only refuse the field, on OpenAI's own host too."""
        return {"dimensions": self.dimensions} if self.sends_dimensions else {}


def _in_order(data: Sequence[Embedding] | None, count: int) -> list[list[float]]:
    """The vectors of a batch as their texts were sent: the order is told by an index.

    Servers that number nothing answer in order; a number that comes twice or is missing would give
    a text the vector of another one.
    """
    rows = list(data or [])
    numbers = {getattr(row, "index", None) for row in rows}
    if len(rows) == count and numbers == set(range(count)):
        rows.sort(key=lambda row: row.index)
    elif len(rows) != count or len(numbers) > 1:
        raise llm_error("malformed")
    return [row.embedding for row in rows]
