"""Passages by the hundred thousand for `bench.search`, stored as documents are.

Made up, but spread as real ones are. Vectors: the variance of the n-th direction falls as measured
for all-MiniLM-L6-v2 on abstracts (.066, .018, .007, .002 at 1, 8, 32, 128), around a common mean,
and passages of one document lie together. Words: Zipf's law without its head, for the commonest
words of a language are stop words and not stored; the commonest here is in a quarter of them.
"""

import random
from typing import Any

import numpy as np
from django.db import connection, transaction

from accounts.models import User
from documents import lexical, vector_indexes
from documents.ingest import postings, store
from documents.ingest.chunking import Draft
from documents.ingest.copying import copy_blocks, copy_rows
from documents.ingest.embed import digest_of
from documents.ingest.frames import READING_VERSION, Info
from documents.models import Chunk, ChunkVector, Collection, Document, Posting
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model

A_DOCUMENT, A_PAGE = 50, 5
WORDS = 66
VOCABULARY, HEAD = 50_000, 30
Vectors = np.ndarray[Any, Any]


def some_words(chance: random.Random, count: int) -> str:
    ranks = (HEAD * ((VOCABULARY + HEAD) / HEAD) ** chance.random() - HEAD for _ in range(count))
    return " ".join(f"w{int(rank)}" for rank in ranks)


def spread(dimensions: int) -> Vectors:
    """The standard deviation along each direction; together of length 1."""
    place = np.arange(dimensions)
    variance = (1 + place) ** -0.6 * np.exp(-place / 100)
    return np.asarray(np.sqrt(variance / variance.sum()))


def document_vectors(numbers: np.random.Generator, dimensions: int, count: int) -> Vectors:
    along = spread(dimensions)
    centre = (
        0.33 * np.roll(np.eye(1, dimensions)[0], 5)
        + 0.6 * numbers.standard_normal(dimensions) * along
    )
    return unit(centre + 0.8 * numbers.standard_normal((count, dimensions)) * along)


def near(numbers: np.random.Generator, vector: Vectors) -> Vectors:
    """A question that this passage answers: its cosine to it is about .7."""
    noise = numbers.standard_normal(len(vector)) * spread(len(vector))
    return np.asarray(unit(np.asarray(vector, np.float32) + noise), np.float32)


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def fill(collection: Collection, user: User, size: int, seed: int) -> None:
    """`size` passages, `A_DOCUMENT` a document; the index is built afterwards, as one."""
    chance, numbers = random.Random(seed), np.random.default_rng(seed)
    model = current_embedding_model()
    vector_indexes.drop(model)
    for start in range(0, size, A_DOCUMENT):
        vectors = document_vectors(numbers, model.dimensions, A_DOCUMENT)
        texts = [some_words(chance, WORDS) for _ in range(A_DOCUMENT)]
        with transaction.atomic():
            document = Document.objects.create(
                collection=collection, owner=user, original_filename=f"{start}.txt",
                sha256=f"{collection.id}{start}"[:64], file_size=1, media_type="text/plain",
                status=Document.Status.PROCESSED, page_count=A_DOCUMENT // A_PAGE,
                lexical_version=lexical.VERSION, reading_version=READING_VERSION,
                language="en",
            )  # fmt: skip
            write(document, reading_of(texts, model, vectors))


def tidy() -> None:
    """The index, and what autovacuum does a while after a load: statistics, visibility map."""
    model = current_embedding_model()
    vector_indexes.build_if_due(model)
    with connection.cursor() as cursor:
        for model in (ChunkVector, Posting, Chunk, Document):
            cursor.execute(f"vacuum (analyze) {model._meta.db_table}")


def reading_of(texts: list[str], model: EmbeddingModel, vectors: Vectors) -> store.Reading:
    drafts = [
        Draft(place, place // A_PAGE + 1, 0, len(text), "", text, WORDS)
        for place, text in enumerate(texts)
    ]
    digests = [digest_of(text) for text in texts]
    spoken = ["en"] * len(texts)
    counted = [postings.Counted.of(text, "en") for text in texts]
    vectors_by = {model: vectors.astype(np.float16)}
    return store.Reading(Info(0), [], drafts, spoken, "en", "bench", digests, counted, vectors_by)


def write(document: Document, reading: store.Reading) -> None:
    """As documents.ingest.store does, without a lease: nobody else reads this document."""
    ids = store._new_ids(len(reading.drafts))
    terms = postings.table(reading.counted, ids, [draft.page for draft in reading.drafts])
    rows = store._chunk_rows(document, reading, ids)
    copy_rows(Chunk._meta.db_table, store.CHUNK_COLUMNS, store.CHUNK_TYPES, rows)
    for model in reading.vectors:
        blocks = store._vector_rows(document, reading, ids, model)
        copy_blocks(ChunkVector._meta.db_table, store.VECTOR_COLUMNS, blocks)
    postings_ = store._posting_rows(document, terms)
    copy_blocks(Posting._meta.db_table, store.POSTING_COLUMNS, postings_)
