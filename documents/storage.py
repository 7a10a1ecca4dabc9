"""Original files on disk: written once under a random name, never under a name a user chose.

`files/incoming/` holds what is still arriving; a finished file moves to `files/documents/ab/…` by
an atomic rename after fsync, so a row never points at half a file.
"""

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Unavailable
from documents.ingest.formats import HEAD

CHUNK = 256 * 1024


def incoming_folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "incoming"


def documents_folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "documents"


def path_of(filename: str) -> Path:
    """Where a stored file lies; `filename` is Document.filename."""
    return documents_folder() / filename[:2] / filename


def remove(filename: str) -> None:
    """Forget a stored file; one that is gone already is no error."""
    if filename:
        path_of(filename).unlink(missing_ok=True)


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


@contextlib.contextmanager
def told_when_full() -> Iterator[None]:
    """Raises Unavailable, with a sentence, for what the disk refuses."""
    try:
        yield
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
