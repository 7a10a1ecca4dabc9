"""Who may work on a document: the holder of the token in its row, until the lease runs out.

A worker that was stopped for a minute and wakes up finds another token in the row; every write
asks for its own token, so it changes nothing.
"""

import threading
import time
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from documents.doorbell import announce
from documents.ingest.heartbeat import heartbeat
from documents.models import Document

SECONDS = 30
HEARTBEAT = 8.0
ATTEMPTS = 3
BACKOFF = (timedelta(seconds=10), timedelta(seconds=60))
PROGRESS_EVERY = 0.35
Status = Document.Status


class LeaseLost(Exception):
    """Somebody else works on the document now, or it is gone: stop without a trace."""


def claimable() -> Q:
    waiting = Q(status=Status.UPLOADED) & (Q(retry_at=None) | Q(retry_at__lte=Now()))
    abandoned = Q(status=Status.PROCESSING, lease_until__lt=Now())
    return Q(attempts__lt=ATTEMPTS) & (waiting | abandoned)


class Stopping(Exception):
    """This worker is being stopped: put the document back as it was."""


_stopping = threading.Event()


def stop() -> None:
    """Make every piece of work in this process end at its next step, uncounted."""
    _stopping.set()


def is_stopping() -> bool:
    return _stopping.is_set()


class Lease:
    def __init__(self, document_id: UUID, owner_id: UUID, token: UUID) -> None:
        self.document_id = document_id
        self.owner_id = owner_id
        self.token = token
        self._lost = threading.Event()
        self._told = 0.0

    @classmethod
    def claim(cls, document_id: UUID) -> "Lease | None":
        """Take the document in one conditional UPDATE; None when it is not there to be taken."""
        token = uuid4()
        taken = Document.objects.filter(claimable(), id=document_id).update(
            status=Status.PROCESSING,
            stage=Document.Stage.EXTRACT,
            progress=0,
            seconds_left=None,
            error_code="",
            attempts=F("attempts") + 1,
            lease_token=token,
            lease_until=Now() + timedelta(seconds=SECONDS),
            retry_at=None,
        )
        if not taken:
            return None
        owner_id = Document.objects.values_list("owner_id", flat=True).get(id=document_id)
        announce(owner_id, document_id)
        return cls(document_id, owner_id, token)

    def row(self) -> QuerySet[Document]:
        """The document, as long as the lease is ours."""
        return Document.objects.filter(
            id=self.document_id, lease_token=self.token, status=Status.PROCESSING
        )

    def check(self) -> None:
        """Raises LeaseLost or Stopping; costs nothing, so it is asked between all steps."""
        if self._lost.is_set():
            raise LeaseLost
        if _stopping.is_set():
            raise Stopping

    def write(self, **fields: Any) -> None:
        """Change the row and ring; raises LeaseLost."""
        if not self.row().update(**fields):
            self._lost.set()
            raise LeaseLost
        announce(self.owner_id, self.document_id)

    def progress(self, stage: str, percent: float, seconds_left: float | None = None) -> None:
        """As `write`, for the numbers people watch: at most three times a second."""
        self.check()
        if time.monotonic() - self._told < PROGRESS_EVERY:
            return
        self._told = time.monotonic()
        left = None if seconds_left is None else max(0, round(seconds_left))
        self.write(stage=stage, progress=min(99, int(percent)), seconds_left=left)

    def stage(self, stage: str, percent: float) -> None:
        self.check()
        self._told = time.monotonic()
        self.write(stage=stage, progress=int(percent), seconds_left=None)

    def release(self, **fields: Any) -> bool:
        """Give the document up in a final or waiting state; False when it was ours no more."""
        changed = self.row().update(
            lease_token=None, lease_until=None, stage="", seconds_left=None, **fields
        )
        if changed:
            announce(self.owner_id, self.document_id)
        return bool(changed)

    def kept(self) -> AbstractContextManager[None]:
        """Renew the lease from a thread of its own for as long as the block runs."""
        return heartbeat(self._renew, self._lost, HEARTBEAT, self.document_id)

    def _renew(self) -> int:
        return self.row().update(lease_until=Now() + timedelta(seconds=SECONDS))
