import asyncio
import base64
import json

import httpx2
import numpy as np
import pytest

from llm.base import Endpoint
from llm.embeddings import factory
from llm.embeddings.factory import CheckedEmbedder, checked
from llm.errors import LLMError
from llm.providers.google_embeddings import GoogleEmbedder
from llm.providers.openai_embeddings import OpenAIEmbedder


class Server:
    """Embeds a text as (its length, 1, 0); ``requests`` keeps what was sent.

    ``spoil`` changes the list of vectors before it is sent.
    """

    def __init__(self, status=200, spoil=lambda rows: rows):
        self.requests, self.status, self.spoil = [], status, spoil

    def __call__(self, request):
        body = json.loads(request.content)
        self.requests.append(body)
        if self.status != 200:
            return httpx2.Response(self.status, json={"error": {"message": "secret"}})
        if "requests" in body:
            texts = [row["content"]["parts"][0]["text"] for row in body["requests"]]
            rows = [{"values": row} for row in self.spoil([vector(text) for text in texts])]
            return _json({"embeddings": rows})
        vectors = self.spoil([vector(text) for text in body["input"]])
        rows = [{"index": n, "embedding": row} for n, row in enumerate(vectors)]
        return _json({"object": "list", "data": rows[::-1], "model": "m"})


def vector(text):
    return [float(len(text)), 1.0, 0.0]


def _json(value):
    # NaN is no JSON, and some servers send it all the same.
    return httpx2.Response(
        200, content=json.dumps(value), headers={"Content-Type": "application/json"}
    )


def openai(server, dimensions=3, **options):
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(server))
    where = Endpoint("openai", "https://x.test/v1", "k")
    return OpenAIEmbedder(where, "m", dimensions, http, **options)


def google(server, dimensions=3, **options):
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(server))
    where = Endpoint("google", "https://x.test", "k")
    return GoogleEmbedder(where, "m", dimensions, http, **options)


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
    assert len(server.requests) == (2 if make is google else 1), "few, large requests"


async def test_a_server_that_takes_fewer_texts_at_once_is_sent_fewer():
    class Small(Server):
        def __call__(self, request):
            too_many = len(json.loads(request.content)["input"]) > 40
            self.status = 422 if too_many else 200
            return super().__call__(request)

    server = Small()
    embedder = openai(server)
    texts = ["x" * (n + 1) for n in range(130)]
    vectors = await embedder.embed(texts, "document")
    assert np.allclose(vectors[:, 0] / vectors[:, 1], np.arange(1, 131), rtol=1e-3)
    sizes = [len(body["input"]) for body in server.requests]
    assert sizes == [130, 65, 33, 33, 33, 31]
    await embedder.embed(texts[:50], "document")
    assert [len(body["input"]) for body in server.requests[6:]] == [33, 17], "it remembers"


async def test_a_request_that_is_wrong_in_itself_ends():
    server = Server(status=400)
    embedder = openai(server)
    with pytest.raises(LLMError) as caught:
        await embedder.embed(["x"] * 8, "document")
    assert caught.value.code == "bad_request" and len(server.requests) == 5
    assert embedder.batching.texts > 8, "the next document begins as the first one did"


async def test_vectors_may_come_as_base64():
    packed = base64.b64encode(np.array([3, 4, 0], "<f4").tobytes()).decode()
    server = Server(spoil=lambda rows: [packed for _ in rows])
    vectors = await openai(server).embed(["x"], "document")
    assert server.requests[0]["encoding_format"] == "base64"
    assert np.allclose(vectors, [[0.6, 0.8, 0]])


async def test_a_server_without_base64_is_asked_for_numbers():
    class Plain(Server):
        def __call__(self, request):
            self.status = 200 if b'"float"' in request.content else 400
            return super().__call__(request)

    assert (await openai(Plain()).embed(["x"], "document")).shape == (1, 3)


async def test_no_texts_need_no_request(make):
    server = Server()
    assert (await make(server).embed([], "query")).shape == (0, 3)
    assert server.requests == []


async def test_an_empty_text_is_embedded_as_a_blank(make):
    assert (await make(Server()).embed([""], "query")).shape == (1, 3)


SPOILT = {
    "one too few": (lambda rows: rows[1:], "malformed"),
    "one too many": (lambda rows: [*rows, rows[0]], "malformed"),
    "none": (lambda rows: [], "malformed"),
    "not a number": (lambda rows: [[float("nan"), 1.0, 0.0], *rows[1:]], "malformed"),
    "infinite": (lambda rows: [[float("inf"), 1.0, 0.0], *rows[1:]], "malformed"),
    "no direction": (lambda rows: [[0.0, 0.0, 0.0], *rows[1:]], "malformed"),
    "two sizes": (lambda rows: [rows[0][:2], *rows[1:]], "malformed"),
    "another size": (lambda rows: [row[:2] for row in rows], "other_dimensions"),
}


@pytest.mark.parametrize("trouble", SPOILT)
async def test_what_could_spoil_an_index_is_an_error(make, trouble):
    spoil, code = SPOILT[trouble]
    with pytest.raises(LLMError, match=code):
        await make(Server(spoil=spoil)).embed(["a", "bc"], "document")


async def test_a_size_of_0_takes_what_comes(make):
    assert (await make(Server(), dimensions=0).embed(["a"], "query")).shape == (1, 3)


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


async def test_a_size_is_asked_for_only_where_the_row_says_so(make):
    for asked in (True, False):
        server = Server()
        await make(server, sends_dimensions=asked).embed(["a"], "query")
        body = server.requests[0]
        body = body["requests"][0] if "requests" in body else body
        assert (body.get("dimensions") or body.get("outputDimensionality")) == (
            3 if asked else None
        )


@pytest.mark.parametrize(
    ("numbers", "ok"), [([1, 0], True), ([0, 0], True), ([0, 2], False), ([1, 2], False)]
)
async def test_the_order_is_told_by_the_index_or_is_the_one_sent(numbers, ok):
    def handle(request):
        texts = json.loads(request.content)["input"]
        order = numbers if ok and numbers[0] != numbers[1] else range(len(texts))
        rows = [
            {"index": n, "embedding": vector(texts[place])}
            for n, place in zip(numbers, order, strict=True)
        ]
        return _json({"object": "list", "data": rows, "model": "m"})

    model = openai(handle)
    if not ok:
        with pytest.raises(LLMError, match="malformed"):
            await model.embed(["a", "bcd"], "query")
        return
    rows = await model.embed(["a", "bcd"], "query")
    assert rows[1][0] / rows[1][1] == pytest.approx(3, rel=1e-3)


async def test_words_go_before_questions_and_passages():
    server = Server()
    model = CheckedEmbedder(openai(server), 3, "query: ", "passage: ")
    await model.embed(["a"], "query")
    await model.embed(["b"], "document")
    assert [body["input"] for body in server.requests] == [["query: a"], ["passage: b"]]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (np.ones((1, 3)) / np.sqrt(3), "malformed"),
        (np.ones((2, 2)) / np.sqrt(2), "other_dimensions"),
        (np.zeros((2, 3)), "malformed"),
        (np.full((2, 3), np.nan), "malformed"),
    ],
)
def test_every_embedder_is_checked_once_more(rows, code):
    with pytest.raises(LLMError, match=code):
        checked(rows, 2, 3)


@pytest.mark.parametrize(
    ("kind", "status", "asked"),
    [("query", 500, 2), ("query", 429, 2), ("query", 401, 1), ("document", 500, 1)],
)
async def test_a_question_is_tried_once_more(kind, status, asked):
    server = Server(status=status)
    with pytest.raises(LLMError):
        await CheckedEmbedder(openai(server), 3).embed(["a"], kind)
    assert len(server.requests) == asked


async def test_nobody_waits_for_ever(monkeypatch):
    class Silent:
        dimensions = 3

        async def embed(self, texts, kind):
            await asyncio.Event().wait()

    monkeypatch.setitem(factory.PATIENCE, "query", 0.01)
    with pytest.raises(LLMError, match="timeout"):
        await CheckedEmbedder(Silent(), 3).embed(["a"], "query")
