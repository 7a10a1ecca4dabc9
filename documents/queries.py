"""Reading documents. Everything starts from what the asker may see."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import (
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Lower

from accounts.models import Group, User
from core.errors import NotFound
from documents import places
from documents.asking import reading_as
from documents.ingest import formats, recognition
from documents.models import QA, Chunk, Collection, Document, Page, Share

# What a file chooser is to offer; what is brought in is decided by content.
ACCEPTED = formats.accepted()
# How a list of documents can be ordered; the id decides between equals.
SORTS: dict[str, tuple[str | Combinable, ...]] = {
    "newest": ("-uploaded_at", "-id"),
    "oldest": ("uploaded_at", "id"),
    "name": (Lower("original_filename"), "id"),
    "size": ("-file_size", "id"),
    "status": ("status", "-uploaded_at", "-id"),
}
UNFINISHED = (Document.Status.UPLOADED, Document.Status.PROCESSING)
ROW = struct.Struct("<6H")


def recognition_trouble() -> str:
    """What keeps text recognition (OCR) from working where it is on; empty when nothing does."""
    return recognition.trouble()


def readable_collections(user: User) -> list[UUID]:
    """Ids of the collections a user may read."""
    return list(Collection.objects.visible_to(user).order_by().values_list("id", flat=True))


def collections(
    user: User, *, kind: str = "", search: str = "", chats: bool = False, for_me: bool = False
) -> QuerySet[Collection]:
    """Ordered by name; the files of chats only when they are asked for.

    With `document_count`, `given_to_me` (shared with the user by address) and `my_groups` (names of
    the user's own groups that may read it). `for_me` leaves out what only an admin sees.
    """
    everything = Collection.objects
    found = everything.meant_for(user) if for_me else everything.visible_to(user)
    if kind:
        found = found.filter(kind=kind)
    elif not chats:
        found = found.exclude(kind=Collection.Kind.CHAT)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(owner__email__iexact=search.strip()))
    files = Document.objects.filter(collection=OuterRef("id")).exclude(kind=QA)
    number = files.order_by().values("collection")
    count = Subquery(number.annotate(n=Count("id")).values("n"), output_field=IntegerField())
    mine = Group.objects.filter(collections=OuterRef("id"), memberships__user=user)
    return (
        found.annotate(
            document_count=Coalesce(count, 0),
            given_to_me=Exists(Share.objects.filter(collection=OuterRef("id"), user=user)),
            my_groups=ArraySubquery(mine.order_by("name").values("name")),
        )
        .select_related("owner")
        .prefetch_related("groups", Prefetch("shares", Share.objects.select_related("user")))
        .order_by("name", "id")
    )


def collection(user: User, collection_id: UUID | str) -> Collection:
    """Raises NotFound alike for what is unknown and for what is not the user's to see."""
    try:
        return Collection.objects.visible_to(user).get(id=collection_id)
    except (Collection.DoesNotExist, ValidationError) as error:
        raise NotFound from error


def documents(
    user: User,
    *,
    status: str = "",
    collection_id: UUID | str | None = None,
    kind: str = "",
    search: str = "",
    sort: str = "newest",
) -> QuerySet[Document]:
    """As SORTS[sort]; answered questions, which are no files, only where their kind is asked for.

    `search` is a part of the file's name or of its title.
    """
    found = Document.objects.visible_to(user)
    found = found.filter(kind=kind) if kind else found.exclude(kind=QA)
    if status:
        found = found.filter(status=status.upper())
    if collection_id:
        found = found.filter(collection=collection(user, collection_id))
    if search:
        found = found.filter(Q(original_filename__icontains=search) | Q(title__icontains=search))
    return found.select_related("collection").order_by(*SORTS[sort])


def document(user: User, document_id: UUID | str) -> Document:
    """Raises NotFound alike for what is unknown and for what is not the user's to see."""
    try:
        with reading_as(user):
            found = Document.objects.visible_to(user).select_related("collection")
            return found.get(id=document_id)
    except (Document.DoesNotExist, ValidationError) as error:
        raise NotFound from error


def unfinished(user: User) -> QuerySet[Document]:
    """The user's own uploads that are waiting or being read, oldest first."""
    found = Document.objects.filter(owner=user, status__in=UNFINISHED).exclude(kind=QA)
    return found.select_related("collection").order_by("uploaded_at")


def chunk_count(document_: Document) -> int:
    return Chunk.objects.filter(document=document_).count()


def with_chunk_count(found: QuerySet[Document]) -> QuerySet[Document]:
    """Adds `chunks_count` without a query for each row."""
    counts = (
        Chunk.objects.filter(document=OuterRef("id"))
        .order_by()
        .values("document")
        .annotate(number=Count("id"))
        .values("number")
    )
    return found.annotate(chunks_count=Coalesce(Subquery(counts, output_field=IntegerField()), 0))


@dataclass(frozen=True)
class Content:
    text: str
    truncated: bool


def content(document_: Document, limit: int = 200_000) -> Content:
    """The text of all pages, blank lines between them, at most `limit` characters."""
    parts: list[str] = []
    room = limit
    pages = Page.objects.filter(document=document_).order_by("number")
    for text in pages.values_list("text", flat=True).iterator(chunk_size=100):
        if len(text) > room:
            return Content("\n\n".join([*parts, text[:room]]), True)
        parts.append(text)
        room -= len(text) + 2
        if room <= 0:
            return Content("\n\n".join(parts), len(parts) < (document_.page_count or 0))
    return Content("\n\n".join(parts), False)


@dataclass(frozen=True)
class PageView:
    """A page to look at; `rects` are [x0, y0, x1, y1] as fractions of the page, top left first."""

    number: int
    text: str
    width: float
    height: float
    rects: list[list[float]]
    start: int | None
    end: int | None
    page_count: int
    # As in documents.places.
    unit: str
    label: str


def page(
    user: User,
    document_id: UUID | str,
    number: int,
    *,
    chunk_id: int | None = None,
    start: int | None = None,
    end: int | None = None,
) -> PageView:
    """A page with the rectangles of a chunk or of a span of its text; raises NotFound."""
    owner = document(user, document_id)
    found = Page.objects.filter(document=owner, number=number).first()
    if found is None:
        raise NotFound
    if chunk_id is not None:
        spans = Chunk.objects.filter(document=owner, page=number, id=chunk_id)
        span = spans.values_list("start", "end").first()
        if span is None:
            raise NotFound
        start, end = span
    rects: list[list[float]] = []
    if start is not None and end is not None:
        rects = rectangles(bytes(found.boxes), start, end)
    unit = places.unit(owner)
    return PageView(
        number,
        found.text,
        found.width,
        found.height,
        rects,
        start,
        end,
        owner.page_count or 0,
        unit,
        places.label(unit, number, found.label, found.text),
    )


def rectangles(boxes: bytes, start: int, end: int) -> list[list[float]]:
    """One rectangle a line for the characters start to end; boxes as in models.Page."""
    lines: list[list[int]] = []
    for box in _boxes(boxes, start, end):
        if lines and _same_line(lines[-1], box):
            line = lines[-1]
            line[:] = [
                min(line[0], box[0]),
                min(line[1], box[1]),
                max(line[2], box[2]),
                max(line[3], box[3]),
            ]
        else:
            lines.append(list(box))
    return [[value / 10_000 for value in line] for line in lines]


def _boxes(boxes: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    whole = len(boxes) - len(boxes) % ROW.size
    for first, last, x0, y0, x1, y1 in ROW.iter_unpack(boxes[:whole]):
        if first < end and last > start:
            yield x0, y0, x1, y1


def _same_line(line: list[int], box: tuple[int, int, int, int]) -> bool:
    """Whether a word goes on a line: more than half of its height shared, and no wide gap."""
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    smaller = max(1, min(line[3] - line[1], box[3] - box[1]))
    gap = max(box[0] - line[2], line[0] - box[2])
    return overlap * 2 > smaller and gap < 600


def progress(document_: Document) -> dict[str, Any]:
    """What the progress socket says about a document."""
    return {
        "id": str(document_.id),
        "filename": document_.original_filename,
        "collection_id": str(document_.collection_id),
        "in_chat": document_.in_chat,
        "status": document_.status,
        "stage": document_.stage,
        "progress": document_.progress,
        "seconds_left": document_.seconds_left,
        "error_code": document_.error_code,
        "error": document_.error,
        "remark": document_.remark,
        "refusals": document_.refusals,
        "archive_id": str(document_.archive_id) if document_.archive_id else None,
        "page_count": document_.page_count,
        "page_unit": document_.page_unit,
        "media_type": document_.media_type,
    }
