"""Putting an archive together: by whoever holds its lease, from the start after a death.

A worker that was killed leaves a file without a row: the sweep removes it, and another worker
writes the archive anew under another name. So nothing is ever half an archive.
"""

import logging
import secrets
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation

from chat.models import DataExport
from chat.mydata import archive

log = logging.getLogger(__name__)
Status = DataExport.Status
LEASE = timedelta(minutes=3)  # longer than one large file takes
KEEP = timedelta(days=3)
ATTEMPTS = 3
# A file nobody's row names is being written, or its worker died.
STRAY_AGE = timedelta(hours=6)


class Lost(Exception):
    """The export was taken back, or another worker has it."""


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "exports"


def path_of(export: DataExport) -> Path:
    return folder() / export.filename


def unfinished() -> list[UUID]:
    return list(DataExport.objects.filter(_claimable()).values_list("pk", flat=True))


def _claimable() -> Q:
    waiting = Q(status=Status.WAITING)
    return waiting | Q(status=Status.RUNNING, lease_until__lt=Now())


def run(export_id: UUID) -> bool:
    """Write the archive of a row; False when there is nothing to do, or it did not work."""
    token = uuid4()
    mine = DataExport.objects.filter(pk=export_id)
    claimed = mine.filter(_claimable(), attempts__lt=ATTEMPTS).update(
        status=Status.RUNNING,
        lease_token=token,
        lease_until=Now() + LEASE,
        attempts=F("attempts") + 1,
        done=0,
    )
    if not claimed:
        mine.filter(_claimable()).update(status=Status.FAILED, finished_at=Now())
        return False
    row = mine.filter(lease_token=token, status=Status.RUNNING)
    export = DataExport.objects.select_related("user").filter(pk=export_id).first()
    return export is not None and _write(export, row)


def _write(export: DataExport, row: "QuerySet[DataExport]") -> bool:
    """What is not foreseen goes up to the log; when the lease ends, another takes the row."""
    target = folder() / f"{secrets.token_hex(24)}.zip"
    row.update(total=archive.count(export.user))
    with ExitStack() as undo:
        undo.callback(target.unlink, missing_ok=True)
        try:
            folder().mkdir(parents=True, exist_ok=True, mode=0o700)
            target.touch(mode=0o600)
            with translation.override(export.user.language or "en"):
                archive.write(export.user, target, lambda: _step(row))
        except Lost:
            return False
        except OSError:  # a full disk, an original that cannot be read: perhaps not next time
            log.exception("export %s", export.pk)
            row.update(status=Status.WAITING, lease_token=None, lease_until=None)
            return False
        if _finish(row, target):
            undo.pop_all()
            return True
    return False


def _step(row: "QuerySet[DataExport]") -> None:
    if not row.update(done=F("done") + 1, lease_until=Now() + LEASE):
        raise Lost


def _finish(row: "QuerySet[DataExport]", target: Path) -> bool:
    ready = row.update(
        status=Status.READY,
        filename=target.name,
        size=target.stat().st_size,
        finished_at=Now(),
        expires_at=Now() + KEEP,
        lease_token=None,
        lease_until=None,
    )
    return bool(ready)


def sweep() -> int:
    """Remove archives whose time is over, and files no row names. How many files went."""
    over = DataExport.objects.filter(expires_at__lt=Now())
    over.delete()
    DataExport.objects.filter(
        status=Status.FAILED, created_at__lt=Now() - timedelta(days=30)
    ).delete()
    if not folder().is_dir():
        return 0
    known = set(DataExport.objects.exclude(filename="").values_list("filename", flat=True))
    oldest = (timezone.now() - STRAY_AGE).timestamp()
    gone = 0
    for path in folder().glob("*.zip"):
        if path.name not in known and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
