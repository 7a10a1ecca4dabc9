"""all-MiniLM-L6-v2 in this process: onnxruntime and tokenizers, no torch, no hub, no key.

The vectors equal those of sentence-transformers (cosine 1.000000), so a hosted copy of the model
can take over later without re-indexing.
"""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

from llm.base import Batching, Kind
from llm.embeddings.weights import GRAPH, checked_folder, model_folder

if TYPE_CHECKING:
    import tokenizers

    from llm.base import Vectors

    # (token ids, mask) of a run, both (rows, tokens) int64 -> its vectors.
    Run: TypeAlias = Callable[[Any, Any], Vectors]

MAX_TOKENS = 256
# Few rows at a time embed as fast as one; 32 rows at half that speed and with 300 MB more of
# attention scratch. So much of padded text in one run of the model, and so many rows.
TOKENS, ROWS = 1024, 8
# What a document sends in one call: short enough that a question or another document waits little.
TEXTS = 16
# A transaction for each of its small answers would cost more than a killed worker loses.
KEEP_WITHIN = 2.0


class LocalEmbedder:
    """Loads on first use; safe to share between threads and event loops."""

    dimensions = 384

    def __init__(
        self,
        threads: int = 1,
        calls: int = 0,
        open_model: Callable[[int, int], Run] | None = None,
    ) -> None:
        """``open_model`` is given the threads of a call and how many calls there are at once."""
        self._threads = threads
        self._open_model = open_model or float32
        self._lock = threading.Lock()
        self._loaded: tuple[tokenizers.Tokenizer, Run] | None = None
        # Calls of one thread each share the processors without waiting for one another. Never
        # fewer than two: a question need not wait for the whole batch of a document before it.
        self._calls = calls = max(2, calls or processors())
        self.batching = Batching(TEXTS, TEXTS * 2_000, at_once=calls + 1, keep_within=KEEP_WITHIN)
        self._pool = ThreadPoolExecutor(max_workers=calls, thread_name_prefix="lontar-embed")

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        call = functools.partial(self.embed_now, list(texts))
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def embed_now(self, texts: Sequence[str]) -> Vectors:
        """The same on the calling thread. The model treats questions and passages alike."""
        import numpy as np  # noqa: PLC0415  nobody who only lists models pays for it

        vectors = np.empty((len(texts), self.dimensions), np.float32)
        if not texts:
            return vectors
        tokenizer, run = self._load()
        ids = [encoding.ids for encoding in map(tokenizer.encode, texts)]
        for rows in _runs([len(row) for row in ids]):
            longest = max(len(ids[row]) for row in rows)
            tokens = np.zeros((len(rows), longest), np.int64)
            mask = np.zeros((len(rows), longest), np.int64)
            for place, row in enumerate(rows):
                tokens[place, : len(ids[row])] = ids[row]
                mask[place, : len(ids[row])] = 1
            vectors[rows] = run(tokens, mask)
        return vectors

    def _load(self) -> tuple[tokenizers.Tokenizer, Run]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    run = self._open_model(self._threads, self._calls)
                    self._loaded = _tokenizer(), run
        return self._loaded


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows that go through the model together: of like length, because padding costs as much as
    text; an attention over few tokens stays in the processor's cache."""
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if rows and (len(rows) == ROWS or (len(rows) + 1) * lengths[row] > TOKENS):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _tokenizer() -> tokenizers.Tokenizer:
    import tokenizers  # noqa: PLC0415

    tokenizer = tokenizers.Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    # The file has a truncation of 128 and a fixed padding of 128 baked in; the model takes 256.
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def float32(threads: int, _calls: int) -> Run:
    import onnxruntime  # noqa: PLC0415

    folder = checked_folder()
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

    def run(tokens: Any, mask: Any) -> Vectors:
        vectors: Vectors = session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]
        return vectors

    return run
