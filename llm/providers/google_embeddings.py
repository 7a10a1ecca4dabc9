"""Embeddings of the Gemini API.

Reference: https://ai.google.dev/api/embeddings
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import httpx2
from google.genai import types

from llm.base import Batching, Endpoint, Kind
from llm.errors import llm_error
from llm.providers import failures
from llm.providers.clients import sdk_client
from llm.providers.google import failure, make_client
from llm.providers.vectors import unit

if TYPE_CHECKING:
    from llm.base import Vectors

# More texts in one request are refused.
BATCH = 100
TASKS = {"query": "RETRIEVAL_QUERY", "document": "RETRIEVAL_DOCUMENT"}


class GoogleEmbedder:
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
        self.batching = Batching(texts=BATCH, characters=200_000, at_once=4)

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        config = types.EmbedContentConfig(
            task_type=TASKS[kind],
            output_dimensionality=self.dimensions if self.sends_dimensions else None,
        )
        rows: list[list[float]] = []
        with failures.as_llm_error(failure):
            client = sdk_client(self.endpoint, make_client, self._http)
            for start in range(0, len(texts), BATCH):
                # Contents of their own: a list of strings is one content to newer models.
                contents = [
                    types.Content(parts=[types.Part(text=text or " ")])
                    for text in texts[start : start + BATCH]
                ]
                answer = await client.aio.models.embed_content(
                    model=self.name, contents=contents, config=config
                )
                found = [list(row.values or []) for row in answer.embeddings or []]
                if len(found) != len(contents):
                    # Checked for each batch: one too many here and one missing there are no match.
                    raise llm_error("malformed")
                rows += found
            # Below its full size a vector does not come normalised.
            return unit(rows, self.dimensions, len(texts))
