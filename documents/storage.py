"""Original files: written once under a random name, never under a name a user chose.

`files/incoming/` holds what is still arriving; a finished file moves to `files/documents/ab/…` by
an atomic rename after fsync, so a row never points at half a file. With ORIGINALS_BACKEND it goes
to a storage elsewhere instead (`documents.remote`).
"""

import contextlib
import hashlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Unavailable
from documents import remote
from documents.ingest.formats import HEAD

log = logging.getLogger(__name__)
CHUNK = 256 * 1024
OURS = re.compile("[0-9a-f]{32}")


def incoming_folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "incoming"


def documents_folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "documents"


def path_of(filename: str) -> Path:
    """Where a stored file lies; `filename` is Document.filename."""
    return documents_folder() / filename[:2] / filename


def local(filename: str) -> Path:
    """A path to read a stored file from. Raises FileNotFoundError and remote.StorageFailed."""
    if not filename:
        raise FileNotFoundError(filename)
    if remote.is_used():
        return remote.fetch(filename)
    path = path_of(filename)
    if not path.is_file():
        raise FileNotFoundError(filename)
    return path


def remove(filename: str) -> None:
    """Forget a stored file; one that is gone already is no error."""
    if filename and remote.is_used():
        try:
            remote.delete(filename)
        except remote.StorageFailed as error:
            # Its row is gone: nobody can ask for it any more, it only takes room.
            log.warning("the original %s was not deleted: %s", filename, error)
    elif filename:
        path_of(filename).unlink(missing_ok=True)


def exists(filename: str) -> bool:
    return remote.exists(filename) if remote.is_used() else path_of(filename).is_file()


def stored_names() -> Iterator[str]:
    """All files that are stored, in no order; raises remote.StorageFailed.

    What somebody else put there, under a name that is none of ours, is nobody's orphan.
    """
    here = ((path.parent.name, path.name) for path in documents_folder().glob("*/*"))
    for folder, name in remote.stored_names() if remote.is_used() else here:
        if OURS.fullmatch(name) and folder == name[:2]:
            yield name


def is_older(filename: str, seconds: float) -> bool:
    """Whether a stored file was written so long ago; raises remote.StorageFailed."""
    if remote.is_used():
        return remote.is_older(filename, seconds)
    with contextlib.suppress(FileNotFoundError):
        return path_of(filename).stat().st_mtime < time.time() - seconds
    return False


class Incoming:
    """A file that is still arriving: hashed while it is written."""

    def __init__(self) -> None:
        folder = incoming_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / secrets.token_hex(16)
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = os.fdopen(
            os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        )
        self.size = 0
        self.head = b""

    def write(self, data: bytes) -> None:
        """Raises OSError when the disk is full."""
        if self._file is None:
            raise ValueError("this file has been closed")
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]
        self._hash.update(data)
        self._file.write(data)
        self.size += len(data)

    def flush(self) -> None:
        """Let those who open `path` see all that was written."""
        if self._file is not None:
            self._file.flush()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def keep(self) -> str:
        """Make the file permanent and return its storage name."""
        if self._file is None:
            raise ValueError("this file has been closed")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._close()
        filename = self.path.name
        if remote.is_used():
            remote.put(self.path, filename)
            return filename
        target = path_of(filename)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.replace(self.path, target)
        _sync_folder(target.parent)
        return filename

    def discard(self) -> None:
        """Drop what has arrived; harmless after keep()."""
        # Closing writes what was held back, which a full disk refuses.
        with contextlib.suppress(OSError):
            self._close()
        self._file = None
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def out_of_reach() -> Unavailable:
    return Unavailable(
        _("The storage for files cannot be reached right now. Try again in a few minutes."),
        code="storage",
    )


@contextlib.contextmanager
def told_when_full() -> Iterator[None]:
    """Raises Unavailable, with a sentence, for what the disk refuses."""
    try:
        yield
    except remote.StorageFailed as error:
        log.error("the storage of originals failed: %s", error)
        raise out_of_reach() from error
    except OSError as error:
        raise Unavailable(_("The disk is full. Tell an administrator."), code="storage") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def older_than(folder: Path, seconds: float) -> Iterator[Path]:
    """Files in `folder` (one level of folders deep) nobody has written to for a while."""
    limit = time.time() - seconds
    for path in folder.glob("**/*"):
        try:
            if path.is_file() and path.stat().st_mtime < limit:
                yield path
        except FileNotFoundError:
            continue
