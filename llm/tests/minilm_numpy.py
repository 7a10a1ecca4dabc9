"""all-MiniLM-L6-v2 once more, in plain numpy, to hold the committed graph against.

Written from the BERT paper (Devlin et al. 2019) and the model's config.json, on purpose without
anything the graph uses: no fused operator, no padding, one text at a time.
"""

import json
import math
import struct

import numpy as np
import tokenizers

from llm.embeddings.weights import model_folder


def _weights() -> dict[str, np.ndarray]:
    raw = (model_folder() / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    return {
        name: np.frombuffer(
            raw[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]],
            np.float32,
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


class Reference:
    def __init__(self) -> None:
        self.w = _weights()
        self.tokenizer = tokenizers.Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
        self.tokenizer.enable_truncation(256)
        self.tokenizer.no_padding()

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12)
        return x * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def dense(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def attention(self, x: np.ndarray, prefix: str) -> np.ndarray:
        q, k, v = (
            self.dense(x, f"{prefix}.self.{part}").reshape(len(x), 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(32)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        return self.dense(mixed.transpose(1, 0, 2).reshape(len(x), 384), f"{prefix}.output.dense")

    def embed(self, text: str) -> np.ndarray:
        ids = self.tokenizer.encode(text).ids
        e = "embeddings."
        x = self.w[f"{e}word_embeddings.weight"][ids]
        x = x + self.w[f"{e}position_embeddings.weight"][: len(ids)]
        x = self.norm(x + self.w[f"{e}token_type_embeddings.weight"][0], f"{e}LayerNorm")
        for number in range(6):
            layer = f"encoder.layer.{number}"
            a = self.attention(x, f"{layer}.attention")
            x = self.norm(x + a, f"{layer}.attention.output.LayerNorm")
            h = self.dense(x, f"{layer}.intermediate.dense")
            h = h * 0.5 * (1 + np.vectorize(math.erf)(h / math.sqrt(2)))
            x = self.norm(x + self.dense(h, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = x.mean(0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)
