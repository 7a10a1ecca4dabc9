"""The simulated providers themselves: what a load test believes of them has to be true."""

import asyncio
import json
import time

import httpx2
import pytest

from bench.providers.behaviour import Behaviour
from bench.providers.server import Simulator
from tests.patience import PATIENCE


@pytest.fixture
async def server():
    simulator = Simulator()
    listening = await simulator.serve()
    simulator.port = listening.sockets[0].getsockname()[1]
    yield simulator
    listening.close()


async def ask(server, model, question, hang_up_after=0):
    """The raw answer of one request, without an SDK."""
    messages = [{"role": "user", "content": question}]
    body = json.dumps({"model": model, "stream": True, "messages": messages}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    writer.write(head % len(body) + body)
    answer = b""
    while not answer.endswith(b"0\r\n\r\n") and (piece := await reader.read(65536)):
        answer += piece
        if hang_up_after and answer.count(b'"content":') >= hang_up_after:
            break
    writer.close()
    return answer


def test_the_name_of_a_model_is_its_behaviour():
    read = Behaviour(first=1, token=2, tokens=3).read("fake-t200-n50-die30-twice")
    assert (read.first, read.token, read.tokens) == (200, 2, 50)
    assert read.words == {"die": 30, "twice": 0} and "die" not in read.healed()


async def test_two_hundred_streams_keep_their_pace(server):
    name = "fake-t100-d10-n40"
    answers = await asyncio.gather(*(ask(server, name, f"mark:m{n}") for n in range(200)))
    assert {answer.count(b'"finish_reason":null') for answer in answers} == {40}
    told = server.records.as_json()
    assert told["requests"] == 200 and told["open"] == 0 and len(told["marks"]) == 200
    for (row,) in told["marks"].values():
        # Never early; on a busy machine late, and then what is due comes together.
        assert row["first"] - row["received"] >= 0.1 and row["last"] - row["received"] >= 0.49
        assert row["tokens"] == 40 and not row["closed_early"]


async def test_a_client_that_hangs_up_is_noticed(server):
    await ask(server, "fake-d20-n500", "mark:gone", hang_up_after=3)
    (row,) = server.records.rows
    async with asyncio.timeout(PATIENCE):
        while row.closed is None:
            await asyncio.sleep(0.005)
    assert row.tokens < 500 and server.records.as_json()["open"] == 0


async def test_its_clock_and_lists_are_told_over_http(server):
    await ask(server, "fake-n3", "mark:one why?")
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
        told = (await http.get("/stats")).json()
        assert told["marks"]["one"][0]["tokens"] == 3 and told["now"] <= time.monotonic()
        await http.post("/reset")
        assert (await http.get("/stats")).json()["marks"] == {}
        names = [row["id"] for row in (await http.get("/v1/models")).json()["data"]]
        google = (await http.get("/v1beta/models")).json()["models"]
        assert [f"models/{name}" for name in names] == [row["name"] for row in google]
        wrong = await http.get("/v1/models", headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401


async def test_the_same_text_has_the_same_vector(server):
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
        texts = ["cells divide", "cells divide", "cells grow", "the sea is deep"]
        rows = (await http.post("/v1/embeddings", json={"input": texts})).json()["data"]
        asked = [{"content": {"parts": [{"text": text}]}} for text in texts]
        url = "/v1beta/models/m:batchEmbedContents"
        google = (await http.post(url, json={"requests": asked})).json()["embeddings"]
    vectors = [row["embedding"] for row in rows]
    assert vectors == [row["values"] for row in google] and len(vectors[0]) == 384
    near, far = (sum(map(float.__mul__, vectors[0], other)) for other in vectors[2:])
    assert vectors[0] == vectors[1] and near > far
