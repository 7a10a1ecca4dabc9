"""Who may work on a WebSource: one worker, for a slice of time.

Without a thread that renews the lease: no page may take as long as it lasts, and it is renewed by
what is written after every page.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from documents.slices import Lost, SliceLease, SliceOver, unsent
from documents.web.models import WebSource

__all__ = ["Lost", "SliceOver", "WebLease", "due"]
Status = WebSource.Status
LEASE = timedelta(minutes=5)


def due(*, queue_is_empty: bool) -> list[UUID]:
    """Sources to send to the workers: those whose time has come, and those that were forgotten."""
    found = WebSource.objects.filter(_claimable()).filter(unsent(queue_is_empty=queue_is_empty))
    return list(found.order_by("next_check_at", "created_at").values_list("id", flat=True)[:50])


def _claimable() -> Q:
    finished = Q(status__in=[Status.READY, Status.FAILED], next_check_at__lte=Now())
    return Q(status=Status.WAITING) | finished | Q(status=Status.FETCHING, lease_until__lt=Now())


class WebLease(SliceLease[WebSource]):
    """The right to work on the source for a slice of time."""

    status = Status.FETCHING

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

    @property
    def source(self) -> WebSource:
        return self.taken

    def write(self, **fields: Any) -> None:
        """Change the row and renew the lease; raises Lost."""
        super().write(lease_until=Now() + LEASE, **fields)
