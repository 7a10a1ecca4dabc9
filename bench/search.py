"""How long a search takes beside what it cannot do without: embedding the query, and the bare SQL.

`python -m bench.search 1000 100000` fills a scratch collection of each size in the database of
DATABASE_URL with passages of made-up words, searches it, and removes it. The ratio is of the 95th
percentiles, both measured in turns in the same run, with row-level security in force in both: the
asker is no admin. Where the index is used, its ten nearest are compared with the exact ones.
"""

import asyncio
import os
import random
import statistics
import sys
import time
from typing import Any
from unittest import mock

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from documents import collections, lexical, vector_indexes  # noqa: E402
from documents.asking import reading_as  # noqa: E402
from documents.ingest import postings, store  # noqa: E402
from documents.ingest.chunking import Draft  # noqa: E402
from documents.ingest.copying import copy_blocks, copy_rows  # noqa: E402
from documents.ingest.embed import digest_of, passage  # noqa: E402
from documents.ingest.frames import READING_VERSION, Info  # noqa: E402
from documents.lexical import query_terms  # noqa: E402
from documents.models import Chunk, ChunkVector, Collection, Document, Posting  # noqa: E402
from llm.models import EmbeddingModel  # noqa: E402
from llm.queries import current_embedding_model  # noqa: E402
from llm.services import embedder  # noqa: E402
from rag import candidates  # noqa: E402
from rag.candidates import Readable, Wanted, scored  # noqa: E402
from rag.search import Scope, _readable, look_up  # noqa: E402

ROUNDS = 60
A_DOCUMENT, A_PAGE = 50, 5
NEIGHBOURS = 10
WORDS = 66
VOCABULARY = 50_000


def main(sizes: list[int]) -> None:
    user, _created = User.objects.get_or_create(
        email="bench@lontar.invalid", defaults={"full_name": "Bench"}
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
        near = centres[numbers.integers(0, 200, A_DOCUMENT)]
        vectors = near + numbers.standard_normal(near.shape)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        texts = [some_words(chance, WORDS) for _ in range(A_DOCUMENT)]
        with transaction.atomic():
            document = Document.objects.create(
                collection=collection, owner=user, original_filename=f"{start}.txt",
                sha256=f"{collection.id}{start}"[:64], file_size=1, media_type="text/plain",
                status=Document.Status.PROCESSED, page_count=A_DOCUMENT // A_PAGE,
                lexical_version=lexical.VERSION, reading_version=READING_VERSION,
            )  # fmt: skip
            write(document, reading_of(texts, model, vectors))
    vector_indexes.ensure(model)
    with connection.cursor() as cursor:
        cursor.execute("analyze documents_chunkvector, documents_posting, documents_chunk")


def reading_of(texts: list[str], model: EmbeddingModel, vectors: Any) -> store.Reading:
    drafts = [
        Draft(place, place // A_PAGE + 1, 0, len(text), "", text, WORDS)
        for place, text in enumerate(texts)
    ]
    digests = [digest_of(text) for text in texts]
    spoken = ["en"] * len(texts)
    vectors_by = {model: vectors.astype(np.float16)}
    counted = [postings.Counted.of(passage("bench", "", text), "en") for text in texts]
    said = (drafts, spoken, "en", "bench", digests, counted, vectors_by)
    return store.Reading(Info(0), [], *said)


def write(document: Document, reading: store.Reading) -> None:
    """As documents.ingest.store does, without a lease: nobody else reads this document."""
    ids = store._new_ids(len(reading.drafts))
    pages = [draft.page for draft in reading.drafts]
    terms = store._posting_rows(document, postings.table(reading.counted, ids, pages))
    rows = store._chunk_rows(document, reading, ids)
    copy_rows(Chunk._meta.db_table, store.CHUNK_COLUMNS, store.CHUNK_TYPES, rows)
    for model in reading.vectors:
        blocks = store._vector_rows(document, reading, ids, model)
        copy_blocks(ChunkVector._meta.db_table, store.VECTOR_COLUMNS, blocks)
    copy_blocks(Posting._meta.db_table, store.POSTING_COLUMNS, terms)


def measure(collection: Collection, user: User, size: int) -> None:
    chance, scope = random.Random(11), Scope(collections=[collection.id])
    whole, bare = asyncio.run(_turns(chance, user, scope))
    ratio = _p95(whole) / _p95(bare)
    for name, times in (("search", whole), ("embedding and bare SQL", bare)):
        line = f"p50 {statistics.median(times):.1f}, p95 {_p95(times):.1f} ms"
        print(f"{size} passages, {name}: {line}", flush=True)
    print(f"{size} passages, ratio of p95: {ratio:.2f}", flush=True)
    if size > candidates.EXACT_LIMIT:
        share = recall(collection, _readable(user, scope), user)
        print(f"{size} passages, recall@{NEIGHBOURS} of the index: {share:.3f}", flush=True)


def recall(collection: Collection, readable: Readable, user: User) -> float:
    """How many of the nearest passages the index finds, for points close to stored ones."""
    model, numbers = current_embedding_model(), np.random.default_rng(13)
    stored = ChunkVector.objects.filter(collection=collection, embedding_model=model)
    count, found = stored.count(), []
    for _ in range(ROUNDS):
        row = stored.order_by("chunk_id")[int(numbers.integers(count))]
        vector = np.asarray(row.vector, np.float32)
        vector += numbers.standard_normal(len(vector)) * 0.5 / np.sqrt(len(vector))
        wanted = Wanted([], vector / np.linalg.norm(vector), model.pk)
        by_index = nearest(readable, wanted, user, candidates.EXACT_LIMIT)
        exactly = nearest(readable, wanted, user, count)
        found.append(len(by_index & exactly) / len(exactly))
    return statistics.mean(found)


def nearest(readable: Readable, wanted: Wanted, user: User, limit: int) -> set[int]:
    """Where `limit` is not below the size of the scope, every passage is scored."""
    with mock.patch.object(candidates, "EXACT_LIMIT", limit), reading_as(user):
        near = scored(readable, wanted).candidates
    near.sort(key=lambda each: -each.cosine)
    return {each.chunk_id for each in near[:NEIGHBOURS]}


async def _turns(
    chance: random.Random, user: User, scope: Scope
) -> tuple[list[float], list[float]]:
    model = await asyncio.to_thread(current_embedding_model)
    readable = await asyncio.to_thread(_readable, user, scope)
    whole, bare = [], []

    def sql(wanted: Wanted) -> None:
        with reading_as(user):
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
