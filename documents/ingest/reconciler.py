"""Puts right what a killed process left behind: every case is a row or a file anyone can see."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from documents import remote, storage
from documents.doorbell import announce
from documents.ingest.lease import ATTEMPTS, claimable
from documents.models import QA, Document

log = logging.getLogger(__name__)
# A request needs a moment between its commit and the mark that the task was sent.
UNMARKED = timedelta(seconds=10)
# A message that no worker has although the queue is empty was lost with its worker or with Redis.
UNHEARD = timedelta(seconds=30)
# Whatever the queue looks like: a second message costs one UPDATE.
LONG_AGO = timedelta(minutes=15)
# The largest upload over the slowest line must be through by then.
FILE_AGE = 6 * 3600
# Of thousands of pairs from a table: behind what people upload.
LATER = 9


def forgotten(*, queue_is_empty: bool) -> dict[UUID, int | None]:
    """Documents to send to the workers again, each with its priority; what people upload first.

    None: in its owner's turn (`documents.turns`).

    Those out of attempts are marked FAILED.
    """
    _give_up()
    unmarked = Q(enqueued_at=None, uploaded_at__lt=Now() - UNMARKED)
    heard = LONG_AGO if not queue_is_empty else UNHEARD
    lost = Q(status=Document.Status.UPLOADED, enqueued_at__lt=Now() - heard)
    abandoned = Q(status=Document.Status.PROCESSING)
    found = Document.objects.filter(claimable()).filter(unmarked | lost | abandoned)
    is_later = Q(kind=QA)
    rows = found.annotate(later=is_later).order_by("later", "uploaded_at")
    return {key: LATER if later else None for key, later in rows.values_list("id", "later")[:500]}


def _give_up() -> None:
    """A worker died three times over the same file: it will not be tried a fourth time."""
    spent = Document.objects.filter(
        status=Document.Status.PROCESSING, lease_until__lt=Now(), attempts__gte=ATTEMPTS
    )
    for document in spent:
        changed = Document.objects.filter(
            id=document.id, lease_token=document.lease_token, lease_until__lt=Now()
        ).update(
            status=Document.Status.FAILED,
            error_code="internal",
            stage="",
            lease_token=None,
            lease_until=None,
            seconds_left=None,
            progress=0,
        )
        if changed:
            log.warning("document %s was given up after %d attempts", document.id, ATTEMPTS)
            announce(document.owner_id, document.id)


def sweep() -> int:
    """Remove cut uploads and unused copies of what lies elsewhere; originals: see `stock`."""
    removed = 0
    for path in storage.older_than(storage.incoming_folder(), FILE_AGE):
        path.unlink(missing_ok=True)
        removed += 1
    if remote.is_used():
        remote.drop_unused()
    return removed
