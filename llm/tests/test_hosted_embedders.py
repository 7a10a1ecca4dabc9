import json

import httpx2
import numpy as np
import pytest

from llm.base import Endpoint
from llm.errors import LLMError
from llm.providers.google_embeddings import GoogleEmbedder
from llm.providers.openai_embeddings import OpenAIEmbedder


class Server:
    """Embeds a text as (its length, 1, 0); ``requests`` keeps what was sent."""

    def __init__(self, status=200, broken=False):
        self.requests, self.status, self.broken = [], status, broken

    def __call__(self, request):
        body = json.loads(request.content)
        self.requests.append(body)
        if self.status != 200:
            return httpx2.Response(self.status, json={"error": {"message": "secret"}})
        if "requests" in body:
            texts = [row["content"]["parts"][0]["text"] for row in body["requests"]]
            rows = [{"values": self.vector(text)} for text in texts]
            return httpx2.Response(200, json={"embeddings": rows})
        rows = [{"index": n, "embedding": self.vector(t)} for n, t in enumerate(body["input"])]
        return httpx2.Response(200, json={"object": "list", "data": rows[::-1], "model": "m"})

    def vector(self, text):
        return [float(len(text))] if self.broken else [float(len(text)), 1.0, 0.0]


def openai(server, kind="openai"):
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(server))
    return OpenAIEmbedder(Endpoint(kind, "https://x.test/v1", "k"), "m", 3, http)


def google(server):
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(server))
    return GoogleEmbedder(Endpoint("google", "https://x.test", "k"), "m", 3, http)


@pytest.fixture(params=[openai, google])
def make(request):
    return request.param


async def test_vectors_have_unit_length_and_keep_their_order(make):
    texts = ["x" * (n + 1) for n in range(130)]
    server = Server()
    vectors = await make(server).embed(texts, "document")
    assert vectors.shape == (130, 3) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], np.arange(1, 131), rtol=1e-3)
    assert len(server.requests) > 1, "in batches"


async def test_no_texts_need_no_request(make):
    server = Server()
    assert (await make(server).embed([], "query")).shape == (0, 3)
    assert server.requests == []


async def test_an_empty_text_is_embedded_as_a_blank(make):
    assert (await make(Server()).embed([""], "query")).shape == (1, 3)


async def test_vectors_of_another_size_are_malformed(make):
    with pytest.raises(LLMError, match="malformed"):
        await make(Server(broken=True)).embed(["a"], "query")


async def test_errors_are_the_rooms_own(make):
    with pytest.raises(LLMError, match="auth") as caught:
        await make(Server(status=401)).embed(["a"], "query")
    assert "secret" not in caught.value.message


async def test_google_is_told_question_from_passage():
    server = Server()
    await google(server).embed(["a"], "query")
    await google(server).embed(["a"], "document")
    tasks = [body["requests"][0]["taskType"] for body in server.requests]
    assert tasks == ["RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"]


async def test_only_openai_is_asked_to_shorten():
    for kind, asked in (("openai", True), ("ollama", False)):
        server = Server()
        await openai(server, kind).embed(["a"], "query")
        assert ("dimensions" in server.requests[0]) == asked
