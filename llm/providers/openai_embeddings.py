"""Embeddings over the OpenAI protocol: OpenAI, Ollama and servers that speak it.

Reference: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import httpx2
import numpy as np

from llm.base import Batching, Endpoint, Kind
from llm.errors import LLMError, llm_error
from llm.providers import failures
from llm.providers.clients import sdk_client
from llm.providers.openai import failure, make_client
from llm.providers.vectors import unit

if TYPE_CHECKING:
    from llm.base import Vectors

Row: TypeAlias = "list[float] | np.ndarray[Any, Any]"
# Few, large requests: what a document is made of goes out in a dozen of them. OpenAI takes 2,048
# texts and 300,000 tokens, and a character is at most a token or so. What runs on one machine is
# given less, so that a request ends while somebody still waits for it.
MOST = Batching(texts=512, characters=250_000, at_once=4)
BATCHING = {"ollama": Batching(texts=64, characters=64_000, at_once=2)}
# A server that takes fewer texts at once says so by one of these.
TOO_MANY = frozenset({"bad_request", "context_too_long"})


class OpenAIEmbedder:
    """The protocol does not tell questions from passages; models that do want words before them.

    What a server turns out not to take (so many texts, vectors as base64) is not asked of it again.
    """

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
        self.batching = BATCHING.get(endpoint.kind, MOST)
        self._http = http
        # As text, the numbers of a vector are four times as long and slow to read.
        self._encoding: Literal["base64", "float"] = "base64"

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        rows: list[Row] = []
        start = 0
        while start < len(texts):
            # An empty text is refused by OpenAI; a blank stands in for it.
            batch = [text or " " for text in texts[start : start + self.batching.texts]]
            try:
                rows += await self._ask(batch)
            except LLMError as error:
                if not self._asks_for_less(error, len(batch)):
                    raise
                continue
            start += len(batch)
        return unit(rows, self.dimensions, len(texts))

    def _asks_for_less(self, error: LLMError, count: int) -> bool:
        """Whether the refused request is worth sending in another form."""
        if error.code not in TOO_MANY:
            return False
        if count > 1:
            texts = min(self.batching.texts, (count + 1) // 2)
            self.batching = replace(self.batching, texts=texts)
            return True
        if self._encoding == "base64":
            self._encoding = "float"
            return True
        # It was not the form: the next document begins as the first one did.
        self.batching = BATCHING.get(self.endpoint.kind, MOST)
        self._encoding = "base64"
        return False

    async def _ask(self, batch: Sequence[str]) -> list[Row]:
        with failures.as_llm_error(failure):
            client = sdk_client(self.endpoint, make_client, self._http)
            # Raw: the SDK would make an object of each number on its way.
            answer = await client.embeddings.with_raw_response.create(
                model=self.name,
                input=list(batch),
                encoding_format=self._encoding,
                extra_body=self._shortened(),
            )
            return _in_order(_data(answer.content), len(batch))

    def _shortened(self) -> dict[str, int]:
        """Models of one size only refuse the field, on OpenAI's own host too."""
        return {"dimensions": self.dimensions} if self.sends_dimensions else {}


def _data(body: bytes) -> list[dict[str, Any]]:
    """The rows of an answer; raises LLMError for what is none."""
    try:
        data = json.loads(body)["data"] or []
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise llm_error("malformed") from error
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise llm_error("malformed")
    return data


def _in_order(rows: list[dict[str, Any]], count: int) -> list[Row]:
    """The vectors of a batch as their texts were sent: the order is told by an index.

    Servers that number nothing answer in order; a number that comes twice or is missing would give
    a text the vector of another one.
    """
    numbers = [row.get("index") for row in rows]
    if not all(number is None or isinstance(number, int) for number in numbers):
        raise llm_error("malformed")
    if len(rows) == count and set(numbers) == set(range(count)):
        rows = sorted(rows, key=lambda row: int(row["index"]))
    elif len(rows) != count or len(set(numbers)) > 1:
        raise llm_error("malformed")
    return [_numbers(row.get("embedding")) for row in rows]


def _numbers(embedding: Any) -> Row:
    """A vector as numbers, or as base64 of little-endian float32."""
    if isinstance(embedding, list):
        return embedding
    try:
        return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4")
    except (TypeError, ValueError) as error:
        raise llm_error("malformed") from error
