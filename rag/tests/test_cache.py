"""Vectors of queries are asked for once, by each model for itself, and never from another's."""

from typing import Any

import numpy as np
import pytest
import redis

import rag.cache
from core.redis import key, sync_client
from llm.errors import LLMError, llm_error
from llm.models import EmbeddingModel
from rag.cache import query_vector


class Fake:
    """Embeds a text as its length along the first axis; counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed(self, texts: Any, kind: str) -> Any:
        assert kind == "query"
        self.asked += texts
        return np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(rag.cache, "embedder", lambda _model, _caller=None: fake)
    for name in sync_client().scan_iter(key("query-vector", "*")):
        sync_client().delete(name)
    return fake


def model(**fields: Any) -> EmbeddingModel:
    return EmbeddingModel(**{"pk": 7, "kind": "openai", "name": "m", "dimensions": 4, **fields})


async def test_the_same_query_is_embedded_once(fake: Fake) -> None:
    first = await query_vector(model(), "why do fireflies glow")
    again = await query_vector(model(), "why do fireflies glow")
    assert fake.asked == ["why do fireflies glow"]
    assert again.dtype == np.float32 and np.allclose(first, again, atol=1e-3)


@pytest.mark.parametrize(
    "other",
    [{"pk": 8}, {"name": "n"}, {"query_prefix": "query: "}, {"kind": "ollama"}, {"dimensions": 5}],
)
async def test_models_do_not_share_vectors(fake: Fake, other: dict[str, Any]) -> None:
    await query_vector(model(), "one")
    await query_vector(model(**other), "one")
    assert len(fake.asked) == 2


async def test_nothing_of_the_query_is_in_the_key_and_it_expires(fake: Fake) -> None:
    await query_vector(model(), "kunang-kunang")
    (name,) = set(sync_client().scan_iter(key("query-vector", "*")))
    assert "kunang" not in name and 0 < sync_client().ttl(name) <= rag.cache.SECONDS


@pytest.mark.parametrize("spoilt", ["not base64", "AAAA", "AHwAAAAAAAA="])
async def test_a_spoilt_entry_is_embedded_again(fake: Fake, spoilt: str) -> None:
    await query_vector(model(), "one")
    (name,) = set(sync_client().scan_iter(key("query-vector", "*")))
    sync_client().set(name, spoilt)
    assert (await query_vector(model(), "one")).shape == (4,)
    assert len(fake.asked) == 2


async def test_without_redis_every_query_is_embedded(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        async def get(self, *_args: Any, **_options: Any) -> None:
            raise redis.ConnectionError

        set = delete = get

    monkeypatch.setattr(rag.cache, "async_client", Away)
    await query_vector(model(), "one")
    await query_vector(model(), "one")
    assert len(fake.asked) == 2


async def test_a_failure_is_told_of_until_a_query_is_embedded_again(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        async def embed(self, *_args: Any) -> Any:
            raise llm_error("timeout")

    sync_client().delete(key("query-trouble", 7))
    assert not rag.cache.words_only(model())
    monkeypatch.setattr(rag.cache, "embedder", lambda *_args: Down())
    with pytest.raises(LLMError):
        await query_vector(model(), "while it is down")
    assert rag.cache.words_only(model()) and not rag.cache.words_only(model(pk=8))
    monkeypatch.setattr(rag.cache, "embedder", lambda *_args: fake)
    await query_vector(model(), "while it is up")
    assert not rag.cache.words_only(model())
