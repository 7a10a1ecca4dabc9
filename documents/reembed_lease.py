"""Who may work on a `ReembedJob`: one worker, for a slice of time, until somebody cancels."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from documents.ingest import lease as leases
from documents.models import ReembedJob

log = logging.getLogger(__name__)
Status = ReembedJob.Status
SLICE = 30.0
SECONDS = 30
HEARTBEAT = 8.0
# As for documents: how long a message may be on its way before another is sent.
UNHEARD, LONG_AGO = timedelta(seconds=30), timedelta(minutes=15)


class Lost(Exception):
    """The job was canceled, or another worker has it: stop without a trace."""


class SliceOver(Exception):
    """Enough for now."""


def due(*, queue_is_empty: bool) -> list[UUID]:
    """Jobs that nobody works on although they are running: to be sent to the workers again."""
    heard = UNHEARD if queue_is_empty else LONG_AGO
    unsent = Q(enqueued_at=None) | Q(enqueued_at__lt=Now() - heard)
    found = ReembedJob.objects.filter(_claimable()).filter(unsent)
    return list(found.values_list("id", flat=True))


def _claimable() -> Q:
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    rested = Q(retry_at=None) | Q(retry_at__lte=Now())
    decided = Q(objections=[]) | Q(approved=True)
    return Q(status=Status.RUNNING) & free & rested & decided


class JobLease:
    """The right to work on the job, until the time is over or somebody cancels."""

    def __init__(self, job: ReembedJob, token: UUID) -> None:
        self.job = job
        self.token = token
        self._until = time.monotonic() + SLICE
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

    def row(self) -> QuerySet[ReembedJob]:
        return ReembedJob.objects.filter(
            id=self.job.id, lease_token=self.token, status=Status.RUNNING
        )

    def write(self, **fields: Any) -> None:
        """Change the row; raises Lost."""
        if not self.row().update(**fields):
            raise Lost

    def check(self) -> None:
        """Raises Lost and SliceOver; asked between all batches."""
        if self._lost.is_set():
            raise Lost
        if leases.is_stopping() or time.monotonic() > self._until:
            raise SliceOver

    def release(self, **fields: Any) -> None:
        self.row().update(lease_token=None, lease_until=None, **fields)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease from a thread of its own for as long as the block runs."""
        done = threading.Event()
        beat = threading.Thread(target=self._beat, args=(done,), daemon=True)
        beat.start()
        try:
            yield
        finally:
            done.set()
            beat.join(timeout=HEARTBEAT)

    def _beat(self, done: threading.Event) -> None:
        while not done.wait(HEARTBEAT):
            try:
                if not self.row().update(lease_until=Now() + timedelta(seconds=SECONDS)):
                    self._lost.set()
                    return
            except DatabaseError as error:
                log.warning("lease of job %s not renewed: %s", self.job.id, error)
            finally:
                connection.close()
