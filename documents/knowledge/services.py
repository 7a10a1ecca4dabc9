"""Questions and answers: who may, and the document each is found by, in one transaction."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Invalid
from core.rights import require_admin
from core.rows import row_of
from documents import collections, names, recording, services, tasks
from documents.doorbell import announce
from documents.ingest.reconciler import LATER
from documents.knowledge import csv_in
from documents.knowledge.models import KnowledgeEntry
from documents.models import QA, Collection, Document

# Before the question wherever the pair is named as a source.
PREFIX = "Q&A: "
FIELDS = ("question", "answer", "category", "tags", "language")


def entries(
    *,
    actor: User,
    search: str = "",
    category: str = "",
    tag: str = "",
    collection_id: UUID | None = None,
) -> QuerySet[KnowledgeEntry]:
    """Newest first."""
    require_admin(actor)
    found = KnowledgeEntry.objects.select_related("document", "collection")
    if search:
        found = found.filter(Q(question__icontains=search) | Q(answer__icontains=search))
    if category:
        found = found.filter(category__iexact=category)
    if tag:
        found = found.filter(tags__contains=[tag])
    if collection_id:
        found = found.filter(collection=collection_id)
    return found.order_by("-created_at", "-id")


def entry(*, actor: User, entry_id: UUID | str) -> KnowledgeEntry:
    """Raises NotFound, and Forbidden for those who may not ask."""
    return row_of(entries(actor=actor), entry_id)


def add(
    *, actor: User, collection_id: UUID | None = None, question: str, answer: str, **fields: Any
) -> KnowledgeEntry:
    """A new pair, queued for reading. Raises Conflict where the question is answered already."""
    require_admin(actor)
    collection = collections.chosen(actor, collection_id)
    given = _clean({"question": question, "answer": answer, **fields})
    with transaction.atomic():
        made = _create(actor, collection, given)
        _read_later([made.document_id])
    return made


def update(*, actor: User, entry_id: UUID | str, **fields: Any) -> KnowledgeEntry:
    """Change a pair; searches find the old text until the new one is ready, a moment later."""
    require_admin(actor)
    with transaction.atomic():
        found = _locked(entry_id)
        if _change(found, _clean(fields)):
            _read_later([found.document_id])
    return entry(actor=actor, entry_id=entry_id)


def delete(*, actor: User, entry_id: UUID | str) -> None:
    """With its document: no search finds it from now on."""
    services.delete(actor=actor, document_id=entry(actor=actor, entry_id=entry_id).document_id)


@dataclass(frozen=True)
class Imported:
    """What a table brings: counts of lines, and what is wrong with each bad one."""

    new: int
    changed: int
    unchanged: int
    errors: Sequence[csv_in.BadRow]
    rows: Sequence[csv_in.Row]


def import_csv(
    *, actor: User, data: bytes, collection_id: UUID | None = None, preview: bool = False
) -> Imported:
    """Take the good lines of a table, or only tell what they would do.

    A question that is there already gets the new answer. Raises Invalid, TooLarge.
    """
    require_admin(actor)
    collection = collections.chosen(actor, collection_id)
    lines = list(csv_in.read(data))
    rows = [line for line in lines if isinstance(line, csv_in.Row)]
    bad = [line for line in lines if isinstance(line, csv_in.BadRow)]
    with transaction.atomic():
        known = _known(collection, rows)
        new = changed = 0
        touched: list[UUID] = []
        for row in rows:
            given = {name: getattr(row, name) for name in FIELDS}
            there = known.get(digest(row.question))
            if there is None:
                new += 1
                if not preview:
                    touched.append(_create(actor, collection, given).document_id)
            elif _differs(there, given):
                changed += 1
                if not preview:
                    _change(there, given)
                    touched.append(there.document_id)
        _read_later(touched, LATER)
    return Imported(new, changed, len(rows) - new - changed, bad, rows)


def digest(question: str) -> str:
    """What makes two questions one, as the hash that a document is recognised by."""
    return hashlib.sha256(f"{QA}\n{csv_in.one_line(question).lower()}".encode()).hexdigest()


def _known(collection: Collection, rows: Iterable[csv_in.Row]) -> dict[str, KnowledgeEntry]:
    found = KnowledgeEntry.objects.select_related("document").filter(
        document__collection=collection,
        document__sha256__in=[digest(row.question) for row in rows],
    )
    return {row.document.sha256: row for row in found.select_for_update(of=("self",))}


def _create(actor: User, collection: Collection, given: dict[str, Any]) -> KnowledgeEntry:
    made = KnowledgeEntry(collection=collection, created_by=actor, **given)
    try:
        with transaction.atomic():
            made.document = Document.objects.create(
                collection=collection,
                owner=actor,
                kind=QA,
                media_type="text/plain",
                **_named(made),
                **recording.fresh(),
            )
            made.save()
    except IntegrityError as error:
        raise _taken() from error
    return made


def _change(found: KnowledgeEntry, given: dict[str, Any]) -> bool:
    """Write what differs; the document is read again when it does."""
    if not _differs(found, given):
        return False
    for name, value in given.items():
        setattr(found, name, value)
    found.save()
    fields = {**_named(found), **recording.fresh()}
    try:
        with transaction.atomic():
            Document.objects.filter(id=found.document_id).update(**fields)
    except IntegrityError as error:
        raise _taken() from error
    return True


def _differs(found: KnowledgeEntry, given: dict[str, Any]) -> bool:
    return any(getattr(found, name) != value for name, value in given.items())


def _named(made: KnowledgeEntry) -> dict[str, Any]:
    return {
        "original_filename": names.clean_title(PREFIX + made.question),
        "sha256": digest(made.question),
        "file_size": len(made.text.encode()),
    }


def _clean(fields: dict[str, Any]) -> dict[str, Any]:
    """Known fields only, white space put right. Raises Invalid where nothing is left."""
    given = {name: value for name, value in fields.items() if name in FIELDS}
    for name in ("question", "answer"):
        if name in given:
            text = str(given[name])
            given[name] = csv_in.one_line(text) if name == "question" else text.strip()
            if not any(map(str.isalnum, given[name])):
                message = _("Write at least one word.")
                raise Invalid(message, extra={"errors": [{"field": name, "message": message}]})
    if "tags" in given:
        given["tags"] = csv_in.tags_of(",".join(given["tags"]))
    return given


def _locked(entry_id: UUID | str) -> KnowledgeEntry:
    rows = KnowledgeEntry.objects.select_for_update(of=("self",)).select_related("document")
    return row_of(rows, entry_id)


def _read_later(document_ids: Sequence[UUID], priority: int = 0) -> None:
    def send() -> None:
        for document_id in document_ids:
            tasks.enqueue(document_id, priority=priority)
        if document_ids:
            owner_id = Document.objects.values_list("owner_id", flat=True).get(id=document_ids[0])
            announce(owner_id, document_ids[0])

    transaction.on_commit(send)


def _taken() -> Conflict:
    return Conflict(
        _("This question is answered already in that collection. Change the answer there."),
        code="same_question",
    )
