"""/v1, /health and /ready: outside of /api/v1, and held against the same document."""

import json

import pytest
from django.test import AsyncClient

from chat.tests.fakes import Script, model, words
from llm.models import EmbeddingModel

__all__ = ["model"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
HEALTH = {"status", "database", "redis", "workers", "providers", "disk", "memory"}
ASK = {"model": "quotes", "messages": [{"role": "user", "content": "When?"}]}


@pytest.fixture
def says(monkeypatch, model):
    def use(text):
        script = Script(*words(text))
        monkeypatch.setattr("chat.compatible.turn.chat_model", lambda *args, **more: script)

    return use


async def client_of(user):
    client = AsyncClient()
    await client.aforce_login(user)
    return client


async def post(client, path, body):
    return await client.post(path, body, content_type="application/json")


def is_error(answer, status, code, param=None):
    error = json.loads(answer.content)["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert error["message"] and error["type"]


async def test_models(alice, model):
    client = await client_of(alice)
    listed = (await client.get("/v1/models")).json()
    assert (listed["object"], [one["id"] for one in listed["data"]]) == ("list", ["quotes"])
    assert (await client.get("/v1/models/quotes")).json() == listed["data"][0]
    is_error(await client.get("/v1/models/none"), 404, "model_not_found", "model")
    is_error(await AsyncClient().get("/v1/models"), 401, "invalid_api_key")


async def test_completions(alice, says):
    says("At 100 degrees.")
    client = await client_of(alice)
    answer = (await post(client, "/v1/chat/completions", ASK)).json()
    assert answer.keys() == {"id", "object", "created", "model", "choices", "usage"}
    (choice,) = answer["choices"]
    assert choice["message"]["content"].strip() == "At 100 degrees."
    assert choice["finish_reason"] == "stop" and choice["message"]["citations"] == []
    streamed = await post(client, "/v1/chat/completions", {**ASK, "stream": True})
    raw = b"".join([piece async for piece in streamed.streaming_content]).decode()
    assert raw.endswith("data: [DONE]\n\n")
    is_error(
        await post(client, "/v1/chat/completions", {"model": "quotes"}),
        400,
        "missing_required_parameter",
        "messages",
    )
    is_error(await post(client, "/v1/chat/completions", {**ASK, "n": 2}), 400, "invalid_value", "n")


WRONG_KINDS = {
    "temperature": False,
    "top_p": "0.5",
    "seed": True,
    "max_tokens": "5",
    "stream": 0,
    "logprobs": 0,
    "citations_in_text": 1,
}


async def test_values_are_of_the_kind_that_json_has_them_in(alice, model):
    client = await client_of(alice)
    for name, value in WRONG_KINDS.items():
        answer = await post(client, "/v1/chat/completions", {**ASK, name: value})
        is_error(answer, 400, "invalid_value", name)
    whole = {"temperature": 1, "max_tokens": 5.0, "seed": None}
    assert (await post(client, "/v1/chat/completions", {**ASK, **whole})).status_code == 200


async def test_embeddings(alice, model):
    await EmbeddingModel.objects.aupdate_or_create(
        kind="local", name="all-MiniLM-L6-v2", dimensions=384, defaults={"is_current": True}
    )
    client = await client_of(alice)
    body = {"model": "all-MiniLM-L6-v2", "input": ["Why?", "When?"]}
    answer = (await post(client, "/v1/embeddings", body)).json()
    assert [len(row["embedding"]) for row in answer["data"]] == [384, 384]
    is_error(
        await post(client, "/v1/embeddings", {**body, "model": "x"}),
        404,
        "model_not_found",
        "model",
    )


async def test_health_and_readiness(alice):
    answer = await AsyncClient().get("/health")
    assert answer.status_code in (200, 503) and answer.json().keys() >= HEALTH
    assert answer.json()["database"].keys() == {"ok", "version", "pgvector"}  # this machine itself
    far = await AsyncClient().get("/health", headers={"X-Forwarded-For": "203.0.113.9"})
    assert far.json()["database"].keys() == {"ok"}
    ready = await AsyncClient().get("/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
