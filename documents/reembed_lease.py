"""Who may work on a `ReembedJob`: one worker, for a slice of time, until somebody cancels."""

import threading
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID, uuid4

from django.db.models import Q
from django.db.models.functions import Now

from documents.ingest.heartbeat import heartbeat
from documents.models import ReembedJob
from documents.slices import Lost, SliceLease, SliceOver, unsent

__all__ = ["JobLease", "Lost", "SliceOver", "due"]
Status = ReembedJob.Status
SECONDS = 30
HEARTBEAT = 8.0


def due(*, queue_is_empty: bool) -> list[UUID]:
    """Jobs that nobody works on although they are running: to be sent to the workers again."""
    found = ReembedJob.objects.filter(_claimable()).filter(unsent(queue_is_empty=queue_is_empty))
    return list(found.values_list("id", flat=True))


def _claimable() -> Q:
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    rested = Q(retry_at=None) | Q(retry_at__lte=Now())
    decided = Q(objections=[]) | Q(approved=True)
    return Q(status=Status.RUNNING) & free & rested & decided


class JobLease(SliceLease[ReembedJob]):
    """The right to work on the job, until the time is over or somebody cancels."""

    status = Status.RUNNING

    def __init__(self, taken: ReembedJob, token: UUID) -> None:
        super().__init__(taken, token)
        self._lost = threading.Event()

    @classmethod
    def claim(cls, job_id: UUID) -> "JobLease | None":
        token = uuid4()
        taken = ReembedJob.objects.filter(_claimable(), id=job_id).update(
            lease_token=token,
            lease_until=Now() + timedelta(seconds=SECONDS),
            enqueued_at=None,
            retry_at=None,
        )
        if not taken:
            return None
        job = ReembedJob.objects.select_related("model__provider").get(id=job_id)
        return cls(job, token)

    @property
    def job(self) -> ReembedJob:
        return self.taken

    def check(self) -> None:
        """Raises Lost and SliceOver; asked between all batches."""
        if self._lost.is_set():
            raise Lost
        super().check()

    def kept(self) -> AbstractContextManager[None]:
        """Renew the lease from a thread of its own for as long as the block runs."""
        return heartbeat(self._renew, self._lost, HEARTBEAT, self.job.id)

    def _renew(self) -> int:
        return self.row().update(lease_until=Now() + timedelta(seconds=SECONDS))
