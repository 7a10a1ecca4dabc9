"""A small library whose vectors a test chooses."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from accounts.models import User
from documents.ingest import postings
from documents.models import Chunk, ChunkVector, Collection, Document, Page, Posting
from llm.models import EmbeddingModel

DIMENSIONS = 384


def embedding_model() -> EmbeddingModel:
    found = EmbeddingModel.objects.filter(is_current=True).first()
    return found or EmbeddingModel.objects.create(
        kind="local", name="all-MiniLM-L6-v2", dimensions=DIMENSIONS, is_current=True
    )


def direction(number: int, lean: float = 1.0) -> np.ndarray[Any, Any]:
    """A unit vector near axis `number`; `lean` is its cosine to it."""
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[number] = lean
    vector[-1] = (1 - lean**2) ** 0.5
    return vector


def collection(owner: User | None, is_open: bool = False) -> Collection:
    return Collection.objects.create(name="A collection", owner=owner, is_open=is_open)


def document(
    where: Collection,
    owner: User,
    name: str,
    texts: Sequence[str],
    axes: Sequence[Any],
    one_page: bool = False,
    language: str = "en",
) -> Document:
    """A processed document: each text a chunk and, as a rule, a page; `axes` an axis or a vector
    for each."""
    row = Document.objects.create(
        collection=where,
        owner=owner,
        original_filename=name,
        sha256=name,
        file_size=1,
        media_type="text/plain",
        kind="text",
        status=Document.Status.PROCESSED,
        language=language,
        page_count=1 if one_page else len(texts),
    )
    pages = ["\n".join(texts)] if one_page else texts
    Page.objects.bulk_create(
        Page(document=row, number=number, text=text, width=595, height=842)
        for number, text in enumerate(pages, 1)
    )
    start, chunks = 0, []
    for ordinal, text in enumerate(texts):
        page = 1 if one_page else ordinal + 1
        chunks.append(
            Chunk(
                document=row, collection=where, ordinal=ordinal, page=page, start=start,
                end=start + len(text), text=text, language=language, word_count=len(text.split()),
            )
        )  # fmt: skip
        start += len(text) + 1 if one_page else 0
    Chunk.objects.bulk_create(chunks)
    _index(where, row, chunks, axes)
    return row


def _index(where: Collection, row: Document, chunks: list[Chunk], axes: Sequence[Any]) -> None:
    model = embedding_model()
    ChunkVector.objects.bulk_create(
        ChunkVector(
            embedding_model=model, chunk=chunk, collection=where, document=row,
            vector=direction(axis) if isinstance(axis, int) else axis,
        )
        for chunk, axis in zip(chunks, axes, strict=True)
    )  # fmt: skip
    entries = (
        (chunk.pk, chunk.page, postings.Counted.of(chunk.text, chunk.language)) for chunk in chunks
    )
    Posting.objects.bulk_create(
        Posting(
            collection=where, term=term, document=row, chunk_ids=found[0], weights=found[1],
            page_numbers=found[2], page_weights=found[3],
        )
        for term, found in postings.of(entries)
    )  # fmt: skip
