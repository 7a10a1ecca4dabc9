"""The work on a WebSource: list its pages, fetch each, keep what changed; in slices.

A killed worker loses the page in flight: a round goes on with the pages that were not checked
since it began.
"""

import errno
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from documents import storage
from documents.ingest import lease as leases
from documents.models import Document
from documents.web import addresses, keeping, sitemaps
from documents.web.addresses import Target
from documents.web.fetching import Answer, Fetcher, Wanted
from documents.web.lease import Lost, SliceOver, WebLease
from documents.web.manners import Manners
from documents.web.models import WebPage, WebSource
from documents.web.reasons import PASSING, FetchFailed

log = logging.getLogger(__name__)
Status = WebSource.Status
# A page that is not there so many times in a row is marked as vanished.
GONE_AFTER = 3
SOON = timedelta(hours=1)
SOON_TRIES = 3
# Most of the time is waiting for others: one at a time leaves the worker's threads to uploads.
_place = threading.BoundedSemaphore(1)


def run(source_id: UUID) -> list[UUID]:
    """Work on a source for a while, if it is there to be worked on; whom to send next."""
    if not _place.acquire(blocking=False):
        # Without the mark it is sent again when the place is free.
        WebSource.objects.filter(id=source_id).update(enqueued_at=None)
        return []
    try:
        lease = WebLease.claim(source_id)
        again = [source_id] if lease is not None and _work(lease) else []
    finally:
        _place.release()
    return _next_waiting(source_id) + again


def _next_waiting(source_id: UUID) -> list[UUID]:
    waiting = WebSource.objects.filter(status=Status.WAITING, enqueued_at=None)
    found = waiting.exclude(id=source_id).order_by("created_at")
    return list(found.values_list("id", flat=True)[:1])


def _work(lease: WebLease) -> bool:
    """True when the round goes on in another slice."""
    source = lease.source
    fetcher = Fetcher()
    manners = Manners(fetcher, lease.check)
    try:
        _list(lease, fetcher, manners)
        for page in _due(source):
            lease.check()
            _refresh(page, fetcher, manners)
            lease.write()
        _finish(lease)
    except Lost:
        log.info("web source %s was deleted or taken over", source.id)
    except SliceOver:
        lease.release(status=Status.WAITING)
        return not leases.is_stopping()
    except FetchFailed as error:
        log.info("web source %s: %s (%s)", source.url, error.code, error.detail)
        _failed(lease, error.code)
    except Exception:
        log.exception("web source %s met an error", source.url)
        _failed(lease, "internal")
    return False


def _list(lease: WebLease, fetcher: Fetcher, manners: Manners) -> None:
    """The pages of the source as rows; once in a round."""
    source = lease.source
    if source.listed_at is not None:
        return
    found = [addresses.parse(source.url)]
    if source.kind == WebSource.Kind.SITEMAP:

        def load(target: Target) -> bytes:
            return _whole(target, fetcher, manners)

        found = sitemaps.pages(found[0], load, source.most_pages)
    rows = [WebPage(source=source, url=target.url) for target in found]
    WebPage.objects.bulk_create(rows, ignore_conflicts=True)
    lease.write(listed_at=Now())


def _whole(target: Target, fetcher: Fetcher, manners: Manners) -> bytes:
    body = bytearray()
    wanted = Wanted(permit=manners.permit, largest=sitemaps.LARGEST)
    answer = fetcher.get(target, body.extend, wanted)
    _expect_page(answer)
    if answer.target.host != target.host:
        raise FetchFailed("sitemap", f"{target.url} leads to {answer.target.host}")
    return bytes(body)


def _due(source: WebSource) -> list[WebPage]:
    unseen = Q(checked_at=None) | Q(checked_at__lt=source.round_started_at)
    return list(source.pages.filter(unseen).select_related("document").order_by("id"))


def _refresh(page: WebPage, fetcher: Fetcher, manners: Manners) -> None:
    """Fetch one page and write down what came of it."""
    try:
        _fetch(page, fetcher, manners)
    except FetchFailed as error:
        log.info("page %s: %s (%s)", page.url, error.code, error.detail)
        gone = error.code == "gone" and page.failures + 1 >= GONE_AFTER
        WebPage.objects.filter(pk=page.pk).update(
            checked_at=Now(),
            error_code=error.code,
            # Only "not there" three times in a row means that a page has vanished.
            failures=F("failures") + 1 if error.code == page.error_code else 1,
            gone_at=page.gone_at or (timezone.now() if gone else None),
        )
    else:
        WebPage.objects.filter(pk=page.pk).update(
            checked_at=Now(), error_code="", failures=0, gone_at=None
        )


def _fetch(page: WebPage, fetcher: Fetcher, manners: Manners) -> None:
    document = page.document
    known = document is not None and document.status != Document.Status.FAILED
    wanted = Wanted(
        etag=page.etag if known else "",
        last_modified=page.last_modified if known else "",
        permit=manners.permit,
    )
    with _disk(page.url):
        incoming = storage.Incoming()

    def write(piece: bytes) -> None:
        # Here, or the fetcher would take it for the network's failure.
        with _disk(page.url):
            incoming.write(piece)

    try:
        answer = fetcher.get(page.url, write, wanted)
        if answer.status == 304 and known and document is not None:
            keeping.seen(document)
            return
        _expect_page(answer)
        with _disk(page.url):
            keeping.keep(page, answer, incoming)
    finally:
        incoming.discard()


@contextmanager
def _disk(url: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        code = "disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "internal"
        raise FetchFailed(code, f"{url}: {error}") from error


def _expect_page(answer: Answer) -> None:
    """Raises FetchFailed for every answer that is no page."""
    if answer.status == 200:
        return
    codes = {401: "forbidden", 403: "forbidden", 404: "gone", 410: "gone", 429: "busy", 503: "busy"}
    rest = "server" if answer.status >= 500 else "status"
    raise FetchFailed(codes.get(answer.status, rest), f"{answer.status} at {answer.target.url}")


def _finish(lease: WebLease) -> None:
    """A single page's failure is the source's; a sitemap fails when nothing of it came."""
    pages = lease.source.pages.order_by("id")
    worst = pages.exclude(error_code="").values_list("error_code", flat=True).first() or ""
    if worst and lease.source.kind == WebSource.Kind.SITEMAP:
        read = Exists(Document.objects.filter(web_page=OuterRef("pk")))
        worst = "" if pages.filter(read, error_code="").exists() else worst
    if worst:
        _failed(lease, worst)
        return
    _end(lease, Status.READY, "", lease.source.interval, 0)


def _failed(lease: WebLease, code: str) -> None:
    """Soon again after a passing failure, a few times; else at the next regular time."""
    source = lease.source
    failures = source.failures + 1
    pause = source.interval
    if pause is not None and code in PASSING and failures <= SOON_TRIES:
        pause = min(pause, SOON * failures)
    _end(lease, Status.FAILED, code, pause, failures)


def _end(lease: WebLease, status: str, code: str, pause: timedelta | None, failures: int) -> None:
    lease.release(
        status=status,
        error_code=code,
        failures=failures,
        checked_at=Now(),
        next_check_at=Now() + pause if pause else None,
        round_started_at=None,
        listed_at=None,
    )
