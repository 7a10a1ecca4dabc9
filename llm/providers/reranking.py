"""Reranking over HTTP, in the form that Cohere, Jina, vLLM and others share, and in that of TEI.

References: https://docs.cohere.com/reference/rerank, https://docs.vllm.ai (Jina and Cohere rerank),
https://huggingface.github.io/text-embeddings-inference (POST /rerank).
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from typing import Any

import httpx2

from llm.base import Endpoint
from llm.errors import llm_error
from llm.providers.clients import sdk_client
from llm.providers.failures import as_llm_error, by_status

# TEI has no /v1, and calls the passages `texts`.
FIELDS = ("documents", "texts")
ANOTHER_FORM = frozenset({400, 404, 405, 422})
# An answer is a few numbers for each passage.
LONGEST = 1_000_000


class HTTPReranker:
    """Asks a server how well each text answers a query. What form it takes is learned once."""

    def __init__(
        self, endpoint: Endpoint, name: str, http: httpx2.AsyncClient | None = None
    ) -> None:
        self.endpoint = endpoint
        self.name = name
        self._http = http
        self._form: tuple[str, str] | None = None

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One a text, higher is better; -inf for those left out. Raises LLMError."""
        answer = None
        for url, field in [self._form] if self._form else self._forms():
            body = {"model": self.name, "query": query, field: list(texts)}
            answer = await self._post(url, body)
            if answer.status_code not in ANOTHER_FORM:
                self._form = (url, field)
                break
        if answer is None or answer.status_code != 200:
            raise by_status(*((answer.status_code, answer.text) if answer else (404, "")))
        return _scores(answer.content, len(texts))

    def _forms(self) -> list[tuple[str, str]]:
        """Addresses below the one given; a key goes to no other host."""
        base = self.endpoint.base_url.rstrip("/")
        urls = dict.fromkeys([f"{base}/rerank", f"{base.removesuffix('/v1')}/rerank"])
        return list(itertools.product(urls, FIELDS))

    async def _post(self, url: str, body: dict[str, Any]) -> httpx2.Response:
        key = self.endpoint.key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        with as_llm_error(_unknown):
            client = sdk_client(self.endpoint, _plain, self._http)
            return await client.post(url, json=body, headers=headers, follow_redirects=False)


def _plain(_endpoint: Endpoint, http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """No SDK: the client that all of an endpoint's calls share."""
    return http


def _unknown(_error: Exception, _spoken: bool) -> None:
    return None


def _scores(body: bytes, count: int) -> list[float]:
    """Of {"results": [{index, relevance_score}]}, or of a bare list of {index, score}."""
    if len(body) > LONGEST:
        raise llm_error("malformed")
    try:
        told = json.loads(body)
        rows = told if isinstance(told, list) else told.get("results", told.get("data"))
        found = {row["index"]: float(row.get("relevance_score", row.get("score"))) for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise llm_error("malformed") from error
    if not found or len(found) != len(rows) or not all(map(math.isfinite, found.values())):
        raise llm_error("malformed")
    if any(type(index) is not int or not 0 <= index < count for index in found):
        raise llm_error("malformed")
    return [found.get(index, -math.inf) for index in range(count)]
