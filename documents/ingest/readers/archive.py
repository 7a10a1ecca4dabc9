"""ZIP archives: each file in one, piece by piece, with what is wrong with it told beforehand.

What is in an archive decides nothing about where it is stored; a name is only shown.
"""

import itertools
import posixpath
import re
import stat
import zipfile
from collections.abc import Iterator

from documents.ingest.frames import Member, Unreadable
from documents.ingest.readers.packages import BROKEN, damage

KIND = "zip"
MEDIA_TYPE = "application/zip"
EXTENSION = ".zip"
MOST_FILES = 500
MOST_BYTES = 2 * 1024**3
# Deflate cannot do better than 1032 to 1; text rarely reaches 20 to 1.
HIGHEST_RATIO = 200
SMALL = 50 * 1024 * 1024
PIECE = 192 * 1024
# What systems leave in archives without anybody's wish.
LEFT_BEHIND = re.compile(r"(?:^|/)(?:__MACOSX/|\.(?!\.?/)|Thumbs\.db$|desktop\.ini$|~\$)")
ENCRYPTED = 0x1


def read(path: str, second: bool = False) -> Iterator[Member]:
    """Members in their order; raises Unreadable for an archive that is refused as a whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if _is_meant(entry)]
            _check(entries)
            for entry in entries:
                yield from _member(archive, entry)
    except BROKEN as error:
        raise Unreadable("damaged", f"{type(error).__name__}: {error}") from error
    except OSError as error:
        raise damage(error) from error


def _is_meant(entry: zipfile.ZipInfo) -> bool:
    return not (entry.is_dir() or LEFT_BEHIND.search(entry.filename))


def _check(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse bombs by what the directory says, before anything is unpacked."""
    if not entries:
        raise Unreadable("archive_empty", "no files")
    if all(entry.flag_bits & ENCRYPTED for entry in entries):
        raise Unreadable("encrypted", "every file in it is encrypted")
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    if len(entries) > MOST_FILES or total > MOST_BYTES:
        raise Unreadable("archive_large", f"{len(entries)} files, {total} bytes")
    if total > SMALL and total > HIGHEST_RATIO * packed:
        raise Unreadable("archive_large", f"{total} bytes out of {packed}")
    # Files that share their bytes make an archive larger than any ratio shows.
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (start, length), (following, _length) in itertools.pairwise(spans):
        if start + length > following:
            raise Unreadable("archive_large", "files overlap")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Member]:
    name = entry.filename.replace("\\", "/")
    refused = _refusal(entry, name)
    if refused:
        yield Member(name, code=refused)
        return
    left = entry.file_size
    try:
        with archive.open(entry) as file:
            while data := file.read(PIECE):
                left -= len(data)
                if left < 0:
                    yield Member(name, code="damaged")
                    return
                yield Member(name, data)
    except (*BROKEN, RuntimeError, OSError):
        yield Member(name, code="damaged")
        return
    yield Member(name, last=True)


def _refusal(entry: zipfile.ZipInfo, name: str) -> str:
    if entry.flag_bits & ENCRYPTED:
        return "encrypted"
    outside = posixpath.normpath(name).startswith("..") or name.startswith("/")
    if outside or re.match(r"[A-Za-z]:", name):
        return "outside"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "link"
    return ""
