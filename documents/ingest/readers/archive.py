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
from documents.ingest.readers import alphabets, encodings
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
ENCRYPTED, UTF8 = 0x1, 0x800


def read(path: str, second: bool = False) -> Iterator[Member]:
    """Members in their order; raises Unreadable for an archive that is refused as a whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if _is_meant(entry)]
            _check(entries)
            encoding = _encoding(entries)
            for entry in entries:
                yield from _member(archive, entry, _name(entry, encoding))
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


def _is_old(entry: zipfile.ZipInfo) -> bool:
    """Whether the name is in the writer's own table: zipfile takes it for that of the first PC."""
    return not entry.flag_bits & UTF8 and not entry.filename.isascii()


def _encoding(entries: list[zipfile.ZipInfo]) -> str:
    """Of all old names together: one alone says too little."""
    raw = b"\n".join(entry.filename.encode("cp437") for entry in entries if _is_old(entry))
    # Names are short: letters of one script in their places tell more than pairs of bytes.
    found = alphabets.script(raw) or encodings.of(raw)
    # What tells nothing is left as it is.
    return "cp437" if found == "cp1252" else found


def _name(entry: zipfile.ZipInfo, encoding: str) -> str:
    name = entry.filename
    if _is_old(entry):
        raw = name.encode("cp437")
        name = raw.decode("utf-8" if encodings.is_utf8(raw) else encoding, errors="replace")
    return name.replace("\\", "/")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Iterator[Member]:
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
