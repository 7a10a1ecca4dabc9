"""Each embedder with its SDK over a real socket: registered by a live check, then used."""

import socket
from typing import Any

import numpy as np
import pytest

from bench.providers.server import Simulator
from core.errors import AppError
from llm.embeddings import registration
from llm.embeddings.factory import embedder
from llm.embeddings.models import EmbeddingModel
from llm.errors import LLMError
from llm.models import Provider
from llm.services import WantedEmbedding, register_embedding_model

pytestmark = pytest.mark.django_db
KINDS = ["openai", "ollama", "openai_compatible", "google"]
TEXTS = [f"passage {n} tells of palms and of ink number {n * n}" for n in range(150)]


@pytest.fixture(autouse=True)
def _uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "count_question", lambda _actor: None)


@pytest.fixture(scope="module")
def address() -> Any:
    with Simulator().running() as url:
        yield url


def register(actor: Any, kind: str, url: str, size: int = 0) -> EmbeddingModel:
    """With the environment's address or one of the registry's, as each kind has it."""
    base_url = url if kind == "google" else f"{url}/v1"
    provider, _ = Provider.objects.get_or_create(
        kind=kind, base_url=base_url, defaults={"name": kind}
    )
    wanted = WantedEmbedding(str(provider.pk), "embed-small", size)
    return register_embedding_model(actor=actor, wanted=wanted)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_registered_and_embeds(admin: Any, address: str, kind: str) -> None:
    model = register(admin, kind, address)
    assert (model.kind, model.dimensions, model.sends_dimensions) == (kind, 384, False)
    rows = embed(model, TEXTS)
    assert rows.shape == (150, 384) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    backwards = embed(model, TEXTS[::-1])
    assert np.allclose(rows, backwards[::-1], atol=1e-6), "each text has its own vector"
    short = register(admin, kind, address, 128)
    assert short.sends_dimensions and embed(short, TEXTS[:3]).shape == (3, 128)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_away_is_told_in_a_sentence(admin: Any, kind: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(AppError) as caught:
            register(admin, kind, url)
    assert caught.value.code == "unavailable" and "cannot be reached" in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_changed_its_size_is_refused(admin: Any, address: str, kind: str) -> None:
    model = register(admin, kind, address)
    model.dimensions = 256
    with pytest.raises(LLMError, match="other_dimensions"):
        embed(model, TEXTS[:2])


def embed(model: EmbeddingModel, texts: list[str]) -> Any:
    import asyncio

    return asyncio.run(embedder(model).embed(texts, "document"))
