"""The faster copy of the local model: another model to the index, and only where it can run."""

import asyncio
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from core.errors import Invalid
from llm.embeddings import bfloat16, factory, first, registration
from llm.embeddings.local import LocalEmbedder
from llm.embeddings.models import EmbeddingModel
from llm.embeddings.weights import checked_folder
from llm.errors import LLMError
from llm.services import WantedEmbedding, register_embedding_model
from llm.tests.minilm_numpy import Reference

NAME = "all-MiniLM-L6-v2-bf16"
TEXTS = [
    "The mitochondria is the powerhouse of the cell.",
    "Fotosintesis mengubah energi cahaya menjadi energi kimia di dalam kloroplas.",
    "A",
    "photosynthesis converts light energy into chemical energy " * 60,
]


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "count_question", lambda _actor: None)
    monkeypatch.setattr(factory, "_locals", {})


def pretend(monkeypatch: pytest.MonkeyPatch, *abilities: str) -> None:
    """OpenVINO on a processor that can do this much."""
    module = ModuleType("openvino")

    class Core:
        def get_property(self, _device: str, name: str) -> list[str]:
            assert name == "OPTIMIZATION_CAPABILITIES"
            return list(abilities)

    module.Core = Core  # type: ignore[attr-defined]
    monkeypatch.setattr(bfloat16, "_is_installed", lambda: True)
    monkeypatch.setitem(sys.modules, "openvino", module)


def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bfloat16, "_is_installed", lambda: False)


def register(actor: Any, name: str = NAME) -> EmbeddingModel:
    wanted = WantedEmbedding(provider="local", name=name)
    return register_embedding_model(actor=actor, wanted=wanted)[0]


def sentence(error: pytest.ExceptionInfo[Invalid]) -> str:
    (row,) = error.value.extra["errors"]
    assert row["field"] == "name"
    return str(row["message"])


@pytest.mark.django_db
def test_without_the_package_a_sentence_says_what_to_install(
    admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch)
    with pytest.raises(Invalid) as error:
        register(admin)
    assert "pip install" in sentence(error)
    assert not EmbeddingModel.objects.filter(name=NAME).exists()


@pytest.mark.django_db
def test_a_processor_without_bfloat16_is_told(admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "FP32", "INT8")
    with pytest.raises(Invalid) as error:
        register(admin)
    assert "processor" in sentence(error)


@pytest.mark.django_db
def test_it_is_a_model_of_its_own_beside_the_usual_one(
    admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, "FP32", "BF16")
    opened: list[tuple[int, int]] = []

    def open_model(threads: int, calls: int) -> Any:
        opened.append((threads, calls))
        return lambda tokens, _mask: np.eye(384, dtype=np.float32)[: len(tokens)]

    monkeypatch.setattr(bfloat16, "bfloat16", open_model)
    fast, usual = register(admin), register(admin, "all-MiniLM-L6-v2")
    assert fast.pk != usual.pk and (fast.kind, fast.dimensions) == ("local", 384)
    assert len(opened) == 1, "it embedded one text before anything relies on it"
    assert factory.embedder(fast) is not factory.embedder(usual)
    found = asyncio.run(factory.embedder(fast).embed(["leaf"], "query"))
    assert found[0, 0] == 1, "questions are embedded by the very same model"


@pytest.mark.django_db
def test_where_it_can_run_no_more_calls_fail_and_do_not_fall_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without(monkeypatch)
    row = EmbeddingModel.objects.create(kind="local", name=NAME, dimensions=384)
    with pytest.raises(LLMError) as error:
        asyncio.run(factory.embedder(row).embed(["leaf"], "document"))
    assert error.value.code == "unavailable" and "pip install" in caplog.text


@pytest.mark.django_db
def test_an_installation_begins_with_it_where_it_can(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMBEDDING_MODEL = f"local:{NAME}"
    pretend(monkeypatch, "BF16")
    assert first.wanted_embedding() == ("local", NAME, 384)
    without(monkeypatch)
    assert first.wanted_embedding() == ("local", "all-MiniLM-L6-v2", 384)
    assert "pip install" in caplog.text


def test_its_vectors_are_nearly_those_of_the_model() -> None:
    pytest.importorskip("openvino")
    if bfloat16.trouble():
        pytest.skip("this processor does not compute in bfloat16")
    embedder, reference = LocalEmbedder(open_model=bfloat16.bfloat16), Reference()
    vectors = asyncio.run(embedder.embed(TEXTS, "document"))
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert float(vector @ reference.embed(text)) > 0.9995, text[:40]


def test_the_encoder_is_the_model_when_it_computes_in_float32() -> None:
    openvino = pytest.importorskip("openvino")
    model = bfloat16.Encoder(checked_folder() / "model.safetensors").model()
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", options)
    embedder = LocalEmbedder(
        open_model=lambda _threads, _calls: lambda ids, mask: compiled([ids, mask])[0].copy()
    )
    reference = Reference()
    for text, vector in zip(TEXTS, embedder.embed_now(TEXTS), strict=True):
        assert float(vector @ reference.embed(text)) > 0.99999, text[:40]
