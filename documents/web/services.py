"""Adding, changing and removing web sources: for administrators."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Invalid
from core.rights import require_admin
from core.rows import row_of
from documents import collections, services, tasks
from documents.web import addresses, reasons
from documents.web.models import WebSource
from documents.web.reasons import FetchFailed

MOST_PAGES = 2000
Status = WebSource.Status


def sources(
    *, actor: User, search: str = "", status: str = "", collection_id: UUID | None = None
) -> QuerySet[WebSource]:
    """Newest first, with the numbers of their pages."""
    require_admin(actor)
    found = WebSource.objects.all()
    if search:
        found = found.filter(
            Q(url__icontains=search) | Q(pages__document__title__icontains=search)
        ).distinct()
    if status:
        found = found.filter(status=status)
    if collection_id:
        found = found.filter(collection=collection_id)
    return with_numbers(found).select_related("collection").order_by("-created_at", "-id")


def with_numbers(found: QuerySet[WebSource]) -> QuerySet[WebSource]:
    """Adds `page_count`, `failed_count` and `gone_count`."""
    return found.annotate(
        page_count=Count("pages", distinct=True),
        failed_count=Count("pages", ~Q(pages__error_code=""), distinct=True),
        gone_count=Count("pages", Q(pages__gone_at__isnull=False), distinct=True),
    )


def source(*, actor: User, source_id: UUID | str) -> WebSource:
    """Raises NotFound, and Forbidden for those who may not ask."""
    return row_of(sources(actor=actor), source_id)


def add(
    *,
    actor: User,
    url: str,
    kind: str = "",
    collection_id: UUID | None = None,
    refresh: str = WebSource.Refresh.WEEKLY,
    most_pages: int = 200,
) -> WebSource:
    """Keep an address and have it read. Raises Invalid, Conflict, NotFound, Forbidden.

    Nothing is fetched here: whether the address can be had shows in the source's status.
    """
    require_admin(actor)
    try:
        target = addresses.parse(url)
    except FetchFailed as error:
        raise _refused("url", reasons.sentence(error.code)) from error
    collection = collections.chosen(actor, collection_id)
    try:
        with transaction.atomic():
            made = WebSource.objects.create(
                kind=kind or _guess(target.path),
                url=target.url,
                collection=collection,
                added_by=actor,
                refresh=refresh,
                most_pages=most_pages,
            )
            transaction.on_commit(lambda: tasks.enqueue_web(made.id))
    except IntegrityError as error:
        raise Conflict(
            _("This address is a source of that collection already."), code="same_address"
        ) from error
    return source(actor=actor, source_id=made.id)


def update(*, actor: User, source_id: UUID | str, **fields: Any) -> WebSource:
    """Change `refresh` and `most_pages`; the next check moves with the schedule."""
    with transaction.atomic():
        found = _locked(actor, source_id)
        for name in ("refresh", "most_pages"):
            setattr(found, name, fields.get(name, getattr(found, name)))
        if "refresh" in fields:
            found.next_check_at = (
                found.checked_at + found.interval if found.checked_at and found.interval else None
            )
        found.save(update_fields=["refresh", "most_pages", "next_check_at"])
    return source(actor=actor, source_id=found.id)


def refresh(*, actor: User, source_id: UUID | str) -> WebSource:
    """Read all of it again now. Raises Conflict while that is going on."""
    with transaction.atomic():
        found = _locked(actor, source_id)
        if found.status in (Status.WAITING, Status.FETCHING):
            raise Conflict(_("This source is being read right now. Wait until that is done."))
        found.status, found.enqueued_at, found.failures = Status.WAITING, None, 0
        found.save(update_fields=["status", "enqueued_at", "failures"])
        transaction.on_commit(lambda: tasks.enqueue_web(found.id))
    return source(actor=actor, source_id=found.id)


def delete(*, actor: User, source_id: UUID | str) -> None:
    """Remove a source with all documents that were read from it."""
    with transaction.atomic():
        found = _locked(actor, source_id)
        documents = found.pages.exclude(document=None).values_list("document_id", flat=True)
        ids = list(documents)
        found.delete()
        for document_id in ids:
            services.delete(actor=actor, document_id=document_id)


def _locked(actor: User, source_id: UUID | str) -> WebSource:
    require_admin(actor)
    return row_of(WebSource.objects.select_for_update(), source_id)


def _guess(path: str) -> str:
    """A sitemap is called one; anything else is a page."""
    last = path.split("?", maxsplit=1)[0].lower().rpartition("/")[2]
    is_map = "sitemap" in last and last.endswith((".xml", ".xml.gz", ".txt"))
    return WebSource.Kind.SITEMAP if is_map else WebSource.Kind.PAGE


def _refused(field: str, message: str) -> Invalid:
    return Invalid(message, extra={"errors": [{"field": field, "message": message}]})
