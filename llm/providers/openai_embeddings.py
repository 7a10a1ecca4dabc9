"""Embeddings over the OpenAI protocol: OpenAI, Ollama and servers that speak it.

Reference: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import httpx2
import numpy as np

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
    """Questions and passages are embedded alike: no model of this protocol tells them apart."""

    def __init__(
        self,
        endpoint: Endpoint,
        name: str,
        dimensions: int,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.name = name
        self.dimensions = dimensions
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
                rows += [row.embedding for row in sorted(answer.data, key=lambda row: row.index)]
            if len(rows) != len(texts):
                raise llm_error("malformed")
            return unit(np.array(rows, np.float32), self.dimensions)

    def _shortened(self) -> dict[str, int]:
        """``dimensions`` is a field of OpenAI's own models; other servers may refuse it."""
        return {"dimensions": self.dimensions} if self.endpoint.kind == "openai" else {}
