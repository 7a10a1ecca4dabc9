"""Who may work on a WebSource: one worker, for a slice of time; the row is the truth.

As for documents (`documents.ingest.lease`), without a thread that renews it: no page may take as
long as the lease lasts, and it is renewed by what is written after every page.
"""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from documents.ingest import lease as leases
from documents.web.models import WebSource

Status = WebSource.Status
SLICE = 30.0
LEASE = timedelta(minutes=5)
# As for documents: how long a message may be on its way before another one is sent.
UNHEARD, LONG_AGO = timedelta(seconds=30), timedelta(minutes=15)


class Lost(Exception):
    """The source was deleted, or another worker has it: stop without a trace."""


class SliceOver(Exception):
    """Enough for now."""


def due(*, queue_is_empty: bool) -> list[UUID]:
    """Sources to send to the workers: those whose time has come, and those that were forgotten."""
    heard = UNHEARD if queue_is_empty else LONG_AGO
    unsent = Q(enqueued_at=None) | Q(enqueued_at__lt=Now() - heard)
    found = WebSource.objects.filter(_claimable()).filter(unsent)
    return list(found.order_by("next_check_at", "created_at").values_list("id", flat=True)[:50])


def _claimable() -> Q:
    finished = Q(status__in=[Status.READY, Status.FAILED], next_check_at__lte=Now())
    return Q(status=Status.WAITING) | finished | Q(status=Status.FETCHING, lease_until__lt=Now())


class WebLease:
    """The right to work on the source for a slice of time."""

    def __init__(self, source: WebSource, token: UUID) -> None:
        self.source = source
        self.token = token
        self._until = time.monotonic() + SLICE

    @classmethod
    def claim(cls, source_id: UUID) -> "WebLease | None":
        token = uuid4()
        taken = WebSource.objects.filter(_claimable(), id=source_id).update(
            status=Status.FETCHING,
            lease_token=token,
            lease_until=Now() + LEASE,
            enqueued_at=None,
            # A slice goes on with the round that another one began.
            round_started_at=Coalesce(F("round_started_at"), Now()),
        )
        if not taken:
            return None
        source = WebSource.objects.select_related("collection", "added_by").get(id=source_id)
        return cls(source, token)

    def row(self) -> QuerySet[WebSource]:
        return WebSource.objects.filter(
            id=self.source.id, lease_token=self.token, status=Status.FETCHING
        )

    def write(self, **fields: Any) -> None:
        """Change the row and renew the lease; raises Lost."""
        if not self.row().update(lease_until=Now() + LEASE, **fields):
            raise Lost

    def check(self) -> None:
        """Raises SliceOver; asked between pages and while waiting for a turn."""
        if leases.is_stopping() or time.monotonic() > self._until:
            raise SliceOver

    def release(self, **fields: Any) -> None:
        self.row().update(lease_token=None, lease_until=None, **fields)
