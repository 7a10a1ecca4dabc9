"""How long a search takes beside what it cannot do without: embedding the query, and the bare SQL.

`python -m bench.search 1000 100000` fills a scratch collection of each size in the database of
DATABASE_URL with passages of made-up words, searches it, and removes it. The ratio is of the 95th
percentiles, both measured in turns in the same run.
"""

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from documents import collections, vector_indexes  # noqa: E402
from documents.ingest import postings  # noqa: E402
from documents.ingest.store import _copy, _new_ids  # noqa: E402
from documents.lexical import query_terms  # noqa: E402
from documents.models import Chunk, ChunkVector, Collection, Document, Posting  # noqa: E402
from llm.queries import current_embedding_model  # noqa: E402
from llm.services import embedder  # noqa: E402
from rag.candidates import Wanted, scored  # noqa: E402
from rag.search import Scope, _readable, look_up  # noqa: E402

ROUNDS = 60
A_DOCUMENT = 50
WORDS = 66
VOCABULARY = 50_000


def main(sizes: list[int]) -> None:
    user, _created = User.objects.get_or_create(
        email="bench@lontar.invalid", defaults={"full_name": "Bench", "role": "admin"}
    )
    for size in sizes:
        collection = collections.create_collection(actor=user, name=f"bench {size}")
        try:
            fill(collection, user, size)
            measure(collection, user, size)
        finally:
            collections.delete_collection(
                actor=user, collection_id=collection.id, documents="delete"
            )


def some_words(chance: random.Random, count: int) -> str:
    """Zipf-like: a few words make up most of the text."""
    return " ".join(f"w{int(VOCABULARY ** chance.random())}" for _ in range(count))


def fill(collection: Collection, user: User, size: int) -> None:
    chance, model = random.Random(7), current_embedding_model()
    numbers = np.random.default_rng(7)
    centres = numbers.standard_normal((200, model.dimensions))
    for start in range(0, size, A_DOCUMENT):
        with transaction.atomic():
            document = Document.objects.create(
                collection=collection, owner=user, original_filename=f"{start}.txt",
                sha256=f"{collection.id}{start}"[:64], file_size=1, media_type="text/plain",
                status=Document.Status.PROCESSED, page_count=A_DOCUMENT // 5,
            )  # fmt: skip
            texts = [some_words(chance, WORDS) for _ in range(A_DOCUMENT)]
            ids = _new_ids(A_DOCUMENT)
            _copy(Chunk, CHUNK, chunks(document, ids, texts))
            near = centres[numbers.integers(0, 200, A_DOCUMENT)]
            vectors = near + numbers.standard_normal(near.shape)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            rows = (
                (model.pk, id_, collection.id, document.id, _text(vector))
                for id_, vector in zip(ids, vectors, strict=True)
            )
            _copy(ChunkVector, VECTOR, rows)
            entries = (
                (id_, place // 5 + 1, text, "en")
                for place, (id_, text) in enumerate(zip(ids, texts, strict=True))
            )
            found = ((collection.id, term, document.id, *row) for term, row in postings.of(entries))
            _copy(Posting, POSTING, found)
    vector_indexes.ensure(model)
    with connection.cursor() as cursor:
        cursor.execute("analyze documents_chunkvector, documents_posting, documents_chunk")


CHUNK = (
    "id", "document_id", "collection_id", "ordinal", "page", "start", "end", "heading", "text",
    "language", "word_count",
)  # fmt: skip
VECTOR = ("embedding_model_id", "chunk_id", "collection_id", "document_id", "vector")
POSTING = (
    "collection_id", "term", "document_id", "chunk_ids", "weights", "page_numbers", "page_weights",
)  # fmt: skip


def chunks(document: Document, ids: list[int], texts: list[str]) -> Iterator[tuple[Any, ...]]:
    for place, (id_, text) in enumerate(zip(ids, texts, strict=True)):
        page = place // 5 + 1
        where = (id_, document.id, document.collection_id, place, page)
        yield (*where, 0, len(text), "", text, "en", WORDS)


def _text(vector: Any) -> str:
    return "[" + ",".join(f"{value:.5g}" for value in vector) + "]"


def measure(collection: Collection, user: User, size: int) -> None:
    chance, scope = random.Random(11), Scope(collections=[collection.id])
    whole, bare = asyncio.run(_turns(chance, user, scope))
    ratio = _p95(whole) / _p95(bare)
    for name, times in (("search", whole), ("embedding and bare SQL", bare)):
        line = f"p50 {statistics.median(times):.1f}, p95 {_p95(times):.1f} ms"
        print(f"{size} passages, {name}: {line}", flush=True)
    print(f"{size} passages, ratio of p95: {ratio:.2f}", flush=True)


async def _turns(
    chance: random.Random, user: User, scope: Scope
) -> tuple[list[float], list[float]]:
    model = await asyncio.to_thread(current_embedding_model)
    readable = await asyncio.to_thread(_readable, user, scope)
    whole, bare = [], []

    def sql(wanted: Wanted) -> None:
        with transaction.atomic():
            scored(readable, wanted)

    for turn in range(ROUNDS + 5):
        queries = [some_words(chance, 8) for _ in range(2)]
        begin = time.perf_counter()
        await look_up(user, queries[0], scope=scope)
        middle = time.perf_counter()
        vector = (await embedder(model).embed([queries[1]], "query"))[0]
        await asyncio.to_thread(sql, Wanted(query_terms(queries[1]), vector, model.pk))
        end = time.perf_counter()
        if turn >= 5:
            whole.append((middle - begin) * 1000)
            bare.append((end - middle) * 1000)
    return whole, bare


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1000])
