"""What is sent to a reranking service and what is made of its answers, at the wire."""

import json
from typing import Any

import httpx2
import pytest

from llm.base import Endpoint
from llm.errors import LLMError
from llm.providers.reranking import HTTPReranker

TEXTS = ["about leaves", "about hearts", "about water"]
INF = float("inf")


class Service:
    """Answers at one path, in one form; `sent` keeps (path, body, authorization)."""

    def __init__(self, answer: Any, path: str = "/v1/rerank", field: str = "documents") -> None:
        self.answer, self.path, self.field = answer, path, field
        self.sent: list[tuple[str, dict[str, Any], str]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.sent.append((request.url.path, body, request.headers.get("authorization", "")))
        assert request.url.host == "rerank.test"
        if request.url.path != self.path:
            return httpx2.Response(404, json={"detail": "Not Found"})
        if self.field not in body:
            return httpx2.Response(422, text="missing field")
        if isinstance(self.answer, httpx2.Response | Exception):
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer
        return httpx2.Response(200, content=json.dumps(self.answer))


def reranker(service: Service, key: str = "k") -> HTTPReranker:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(service))
    return HTTPReranker(Endpoint("openai_compatible", "https://rerank.test/v1", key), "m", http)


async def test_the_common_form() -> None:
    rows = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.2}]
    service = Service({"results": rows})
    assert await reranker(service).scores("why?", TEXTS) == [0.2, 0.9, -INF]
    body = {"model": "m", "query": "why?", "documents": TEXTS}
    assert service.sent == [("/v1/rerank", body, "Bearer k")]


async def test_the_form_of_tei_is_found_once() -> None:
    rows = [{"index": n, "score": float(n)} for n in (2, 1, 0)]
    service = Service(rows, "/rerank", "texts")
    asked = reranker(service, key="")
    assert await asked.scores("why?", TEXTS) == [0.0, 1.0, 2.0]
    assert [path for path, _, _ in service.sent][-1] == "/rerank" and len(service.sent) == 4
    await asked.scores("how?", TEXTS)
    assert len(service.sent) == 5 and service.sent[-1][2] == ""


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx2.Response(401, text="no"), "auth"),
        (httpx2.Response(429, text="slow down"), "rate_limited"),
        (httpx2.Response(503, text="away"), "unavailable"),
        (httpx2.Response(302, headers={"location": "https://elsewhere.test/"}), "bad_request"),
        (httpx2.ConnectError("refused"), "unavailable"),
        (httpx2.ReadTimeout("late"), "timeout"),
        (httpx2.Response(200, text="<html>"), "malformed"),
        ({"results": []}, "malformed"),
        ({"results": None}, "malformed"),
        ("text", "malformed"),
        ([{"index": 3, "score": 1}], "malformed"),
        ([{"index": -1, "score": 1}], "malformed"),
        ([{"index": True, "score": 1}], "malformed"),
        ([{"index": 0, "score": 1}, {"index": 0, "score": 2}], "malformed"),
        ([{"index": 0, "score": float("nan")}], "malformed"),
        ([{"index": 0}], "malformed"),
        ([{"index": [], "score": 1}], "malformed"),
        ([7], "malformed"),
    ],
)
async def test_whatever_goes_wrong_is_one_error(answer: Any, code: str) -> None:
    with pytest.raises(LLMError) as met:
        await reranker(Service(answer)).scores("why?", TEXTS)
    assert met.value.code == code


async def test_an_address_without_such_a_service() -> None:
    with pytest.raises(LLMError) as met:
        await reranker(Service([], "/elsewhere")).scores("why?", TEXTS)
    assert met.value.code == "unknown_model"
