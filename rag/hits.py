"""From ranked pages to what a search gives: texts, and where they stand."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from accounts.models import User
from documents import places
from documents.models import Chunk, Collection, Page
from rag.duplicates import fold
from rag.fusion import Ranked


@dataclass(frozen=True)
class Elsewhere:
    """Another place that says the same as a hit."""

    chunk_id: int
    document_id: uuid.UUID
    filename: str
    page: int
    # As in documents.places.
    page_unit: str = "page"
    page_label: str = ""


@dataclass(frozen=True)
class Hit:
    chunk_id: int
    document_id: uuid.UUID
    filename: str
    title: str
    page: int
    start: int
    end: int
    heading: str
    text: str
    ordinal: int
    score: float  # cosine of query and passage, -1 to 1
    lexical: float  # BM25, 0 or more
    fused: float
    also_in: tuple[Elsewhere, ...] = ()
    language: str = ""
    # Of what came from the web: where from, and when it said so.
    source_url: str = ""
    fetched_at: datetime | None = None
    # As in documents.places.
    page_unit: str = "page"
    page_label: str = ""


def hits_of(user: User, ranked: Sequence[Ranked], top_k: int) -> list[Hit]:
    """The first `top_k` that differ, each with the places that repeat it."""
    label = Page.objects.filter(document=OuterRef("document"), number=OuterRef("page"))
    readable = Chunk.objects.filter(collection__in=Collection.objects.visible_to(user))
    chunks = readable.annotate(page_label=Subquery(label.values("label")[:1]))
    stored = chunks.select_related("document").in_bulk([each.best.chunk_id for each in ranked])
    there = [each for each in ranked if each.best.chunk_id in stored]
    texts = [stored[each.best.chunk_id].text for each in there]
    return [
        _hit(stored[there[first].best.chunk_id], there[first], _elsewhere(stored, there, others))
        for first, *others in fold(texts)[:top_k]
    ]


def _elsewhere(
    stored: Mapping[int, Chunk], there: Sequence[Ranked], places: Sequence[int]
) -> tuple[Elsewhere, ...]:
    chunks = [stored[there[place].best.chunk_id] for place in places]
    return tuple(
        Elsewhere(chunk.pk, owner.id, owner.original_filename, chunk.page, *_place(chunk))
        for chunk in chunks
        for owner in [chunk.document]
    )


def _place(chunk: Chunk) -> tuple[str, str]:
    """(unit, label) of the page; the chunk comes with the file's own label."""
    unit, given = places.unit(chunk.document), getattr(chunk, "page_label", None)
    return unit, places.label(unit, chunk.page, given or "", chunk.text)


def _hit(chunk: Chunk, ranked: Ranked, also_in: tuple[Elsewhere, ...]) -> Hit:
    document = chunk.document
    unit, label = _place(chunk)
    return Hit(
        chunk_id=chunk.pk,
        document_id=document.id,
        filename=document.original_filename,
        title=document.title,
        page=chunk.page,
        page_unit=unit,
        page_label=label,
        start=chunk.start,
        end=chunk.end,
        heading=chunk.heading,
        text=chunk.text,
        ordinal=chunk.ordinal,
        language=chunk.language,
        source_url=document.source_url,
        fetched_at=document.fetched_at,
        score=ranked.best.cosine,
        lexical=ranked.best.lexical,
        fused=ranked.fused,
        also_in=also_in,
    )
