"""Originals that belong to no document, and documents whose original is gone.

A crash leaves the first behind, a bucket that could not be reached when something was deleted, too.
The second come from outside: a disk that was not mounted, a rule of the bucket, somebody's hand.
"""

import logging
from dataclasses import dataclass

from django.db.models.functions import Now

from documents import storage
from documents.models import Document, Picture

log = logging.getLogger(__name__)
# The largest upload over the slowest line must be through by then.
SAFE_AGE = 6 * 3600
# If so many, and more than half of all, belong to nothing, the database is rather not the one that
# belongs to these files.
SUSPICIOUS = 50


@dataclass(frozen=True)
class Stock:
    """`removed` of the orphans; `missing` are documents whose original is not there."""

    files: int
    orphans: int
    removed: int
    missing: int


def take(*, remove_all: bool = False) -> Stock:
    """Compare what lies in the storage with the rows; raises storage.StorageFailed.

    Orphans of a safe age are removed, unless there are suspiciously many and not `remove_all`.
    A row is never touched but for its mark: a disk that comes back brings the original with it.
    """
    known = _known()  # before the files: what arrives in between is too young to be an orphan
    orphans: list[str] = []
    here: set[str] = set()
    files = 0
    for name in storage.stored_names():
        files += 1
        if name in known:
            here.add(name)
        elif storage.is_older(name, SAFE_AGE):
            orphans.append(name)
    _mark(here)
    removed = _remove(orphans, files, remove_all)
    return Stock(files, len(orphans), removed, len(known) - len(here))


def _known() -> set[str]:
    """Of documents and of the pictures of chats."""
    rows = Document.objects.exclude(filename="").order_by()
    pictures = Picture.objects.order_by().values_list("filename", flat=True)
    return {*rows.values_list("filename", flat=True), *pictures}


def _mark(here: set[str]) -> None:
    """What people see at their document, and no longer see when the file is there again."""
    rows = Document.objects.filter(status=Document.Status.PROCESSED).exclude(filename="").order_by()
    lost = rows.filter(original_missing_since=None).values_list("filename", flat=True)
    gone = [name for name in lost.iterator() if name not in here and not storage.exists(name)]
    found = Document.objects.exclude(original_missing_since=None).exclude(filename="")
    back = [name for name in found.values_list("filename", flat=True) if name in here]
    if gone:
        log.error("the originals of %d documents are not in the storage, e.g. %s",
                  len(gone), gone[0])  # fmt: skip
    Document.objects.filter(filename__in=gone).update(original_missing_since=Now())
    Document.objects.filter(filename__in=back).update(original_missing_since=None)


def _remove(orphans: list[str], files: int, remove_all: bool) -> int:
    if len(orphans) > SUSPICIOUS and 2 * len(orphans) > files and not remove_all:
        log.error(
            "%d of %d originals belong to no document and were left alone: is this the database "
            "that belongs to them? If so, run manage.py originals --remove", len(orphans), files
        )  # fmt: skip
        return 0
    removed = 0
    for name in orphans:
        # Asked again: nothing that has come into use meanwhile may go.
        owners = (Document, Picture)
        if not any(model.objects.filter(filename=name).exists() for model in owners):
            storage.remove(name)
            removed += 1
    if removed:
        log.info("%d originals that belonged to no document were removed", removed)
    return removed
