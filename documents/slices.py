"""The right to work on a row for a slice of time: one worker at a time, and the row is the truth.

For work that takes many slices (a web source, a change of the embedding model); documents have a
lease of their own (`documents.ingest.lease`).
"""

import time
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now

from documents.ingest import lease as leases

SLICE = 30.0
# As for documents: how long a message may be on its way before another one is sent.
UNHEARD, LONG_AGO = timedelta(seconds=30), timedelta(minutes=15)
Row = TypeVar("Row", bound=Model)


class Lost(Exception):
    """The row was deleted or canceled, or another worker has it: stop without a trace."""


class SliceOver(Exception):
    """Enough for now."""


def unsent(*, queue_is_empty: bool) -> Q:
    """Rows of which no message can be on its way to the workers any more."""
    heard = UNHEARD if queue_is_empty else LONG_AGO
    return Q(enqueued_at=None) | Q(enqueued_at__lt=Now() - heard)


class SliceLease(Generic[Row]):
    """`status` is what the row says while somebody works on it."""

    status: ClassVar[str]

    def __init__(self, taken: Row, token: UUID) -> None:
        self.taken = taken
        self.token = token
        self._until = time.monotonic() + SLICE

    def row(self) -> QuerySet[Row]:
        """The row as long as it is ours."""
        rows: QuerySet[Row] = type(self.taken)._default_manager.all()
        return rows.filter(pk=self.taken.pk, lease_token=self.token, status=self.status)

    def write(self, **fields: Any) -> None:
        """Change the row; raises Lost."""
        if not self.row().update(**fields):
            raise Lost

    def check(self) -> None:
        """Raises SliceOver; asked between two steps."""
        if leases.is_stopping() or time.monotonic() > self._until:
            raise SliceOver

    def release(self, **fields: Any) -> None:
        self.row().update(lease_token=None, lease_until=None, **fields)
