"""all-MiniLM-L6-v2 in this process: onnxruntime and tokenizers, no torch, no hub, no key.

The vectors equal those of sentence-transformers (cosine 1.000000), so a hosted copy of the model
can take over later without re-indexing.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from llm.base import Kind
from llm.embeddings.weights import GRAPH, checked_folder

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

    from llm.base import Vectors

MAX_TOKENS = 256
# Measured on two cores: 4 rows at a time embed as fast as one (66 chunks a second), 32 rows at half
# that speed and with 300 MB more of attention scratch.
BATCH = 4


class LocalEmbedder:
    """Loads on first use; safe to share between threads and event loops."""

    dimensions = 384

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: tuple[tokenizers.Tokenizer, onnxruntime.InferenceSession] | None = None
        # Two at once: a question need not wait for the whole batch of a document before it.
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="lontar-embed")

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        call = functools.partial(self.embed_now, list(texts))
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def embed_now(self, texts: Sequence[str]) -> Vectors:
        """The same on the calling thread. The model treats questions and passages alike."""
        import numpy as np  # noqa: PLC0415  nobody who only lists models pays for it

        vectors = np.empty((len(texts), self.dimensions), np.float32)
        if not texts:
            return vectors
        tokenizer, session = self._load()
        # Texts of like length share a batch: padding is work for nothing.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            encodings = tokenizer.encode_batch([texts[row] for row in rows])
            inputs = {
                "input_ids": np.array([e.ids for e in encodings], np.int64),
                "attention_mask": np.array([e.attention_mask for e in encodings], np.int64),
            }
            vectors[rows] = session.run(None, inputs)[0]
        return vectors

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _open(self._threads)
        return self._loaded


def _open(threads: int) -> tuple[tokenizers.Tokenizer, onnxruntime.InferenceSession]:
    import onnxruntime  # noqa: PLC0415
    import tokenizers  # noqa: PLC0415

    folder = checked_folder()
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    # The file has a truncation of 128 and a fixed padding of 128 baked in; the model takes 256.
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena keeps the scratch of the largest batch ever seen; without it nothing is slower.
    options.enable_cpu_mem_arena = False
    # Spinning threads take the processor from everybody else on a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(folder)
    )
    session = onnxruntime.InferenceSession(
        GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    return tokenizer, session
