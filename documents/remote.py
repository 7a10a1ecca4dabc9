"""Originals in a storage without local paths (S3, GCS, Azure), reached by Django's storages.

A file that is asked for is fetched whole into a folder of this machine and stays there for a while:
the confined reader needs a path, pages of a PDF are asked for in many ranges, and storages are slow
to open and bill for it.
"""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.utils import timezone

PIECE = 1024 * 1024
# A fetched file that nobody asked for so long is dropped; the storage has it.
UNUSED = 3600.0


class StorageFailed(OSError):
    """The storage cannot be reached, or refused."""


def is_used() -> bool:
    return bool(settings.ORIGINALS_BACKEND)


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "fetched"


def put(path: Path, filename: str) -> None:
    """Store a file of this machine, which stays among the fetched ones; raises StorageFailed."""
    wanted = _key(filename)
    with _told(), path.open("rb") as file:
        given = _storage().save(wanted, File(file))
        if given != wanted:
            _storage().delete(given)
            raise StorageFailed(f"{wanted} was stored as {given}")
    os.replace(path, _place(filename))


def fetch(filename: str) -> Path:
    """The file on this machine; raises FileNotFoundError and StorageFailed."""
    path = _place(filename)
    with contextlib.suppress(FileNotFoundError):
        os.utime(path)
        return path
    drop_unused()
    part = folder() / f"{secrets.token_hex(8)}.part"
    try:
        with _told(), _storage().open(_key(filename), "rb") as source, part.open("xb") as target:
            shutil.copyfileobj(source, target, PIECE)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def delete(filename: str) -> None:
    """One that is gone already is no error; raises StorageFailed."""
    _place(filename).unlink(missing_ok=True)
    with _told(), contextlib.suppress(FileNotFoundError):
        _storage().delete(_key(filename))


def exists(filename: str) -> bool:
    with _told():
        return _storage().exists(_key(filename))


def stored_names() -> Iterator[tuple[str, str]]:
    """(folder, name) of all that lies where originals do; raises StorageFailed."""
    for folder in map("{:02x}".format, range(256)):
        with _told(), contextlib.suppress(FileNotFoundError):
            yield from ((folder, name) for name in _storage().listdir(f"documents/{folder}")[1])


def is_older(filename: str, seconds: float) -> bool:
    """Whether it was stored so long ago; raises StorageFailed."""
    with _told(), contextlib.suppress(FileNotFoundError):
        age = timezone.now() - _storage().get_modified_time(_key(filename))
        return age.total_seconds() > seconds
    return False


def drop_unused() -> None:
    """Whoever reads one just now goes on reading it."""
    limit = time.time() - UNUSED
    for path in folder().glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < limit:
                path.unlink()


def _storage() -> Storage:
    return storages["originals"]


def _key(filename: str) -> str:
    return f"documents/{filename[:2]}/{filename}"


def _place(filename: str) -> Path:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder() / filename


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Each backend has errors of its own: one name for all of them."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError | StorageFailed):
            raise
        raise StorageFailed(str(error)) from error
    except Exception as error:
        raise StorageFailed(f"{type(error).__name__}: {error}") from error
