"""The formats Lontar reads. A new one is a module in readers/ and a line here.

A reader module has KIND, MEDIA_TYPE, EXTENSION (written when a name has none),
`sniff(head, name) -> bool` for the first 4096 bytes, and `read(path, second) -> Iterator` giving
one Info and then every page in order; it raises Unreadable. Formats that are ZIP packages have
FOLDER instead of `sniff`: the folder by which the archive's directory tells them. Heavy libraries
are imported inside functions: the web process only sniffs.
"""

from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from documents.ingest import foreign
from documents.ingest.readers import archive, delimited, docx, html, markdown, pdf, pptx, text, zips

FORMATS: tuple[ModuleType, ...] = (pdf, markdown, html, delimited, text)
PACKAGES: tuple[ModuleType, ...] = (docx, pptx)
HEAD = 4096


class Found(NamedTuple):
    """What a file is: its reader, or why there is none (a code of documents.reasons)."""

    reader: ModuleType | None
    media_type: str
    error: str = ""


def recognise(head: bytes, name: str, path: Path | None = None) -> Found:
    """By the first HEAD bytes and, for archives, what is listed at the end of the file.

    The name only breaks ties.
    """
    reader = detect(head, name, path)
    if reader is not None:
        return Found(reader, reader.MEDIA_TYPE)
    media_type = foreign.media_type(head, path)
    # An archive whose directory cannot be found was cut on its way.
    codes = {"application/encrypted": "encrypted", archive.MEDIA_TYPE: "damaged"}
    return Found(None, media_type, codes.get(media_type, "wrong_type"))


def detect(head: bytes, name: str, path: Path | None = None) -> ModuleType | None:
    """The reader for a file, None when there is none."""
    if zips.is_zip(head):
        return _package(head, path) if path is not None else None
    if foreign.is_mail(head):
        return None
    return next((reader for reader in FORMATS if reader.sniff(head, name)), None)


def _package(head: bytes, path: Path) -> ModuleType | None:
    """An Office file by its folders, else an archive, unless it is a package of another kind."""
    listed = zips.names(path)
    if "[Content_Types].xml" in listed:
        for reader in PACKAGES:
            if any(name.startswith(reader.FOLDER) for name in listed):
                return reader
    is_archive = bool(listed) or head.startswith(zips.EMPTY)
    return archive if is_archive and foreign.media_type(head, path) == archive.MEDIA_TYPE else None


def by_kind(kind: str) -> ModuleType | None:
    return next((reader for reader in (*FORMATS, *PACKAGES, archive) if kind == reader.KIND), None)


def media_types() -> set[str]:
    return {str(reader.MEDIA_TYPE) for reader in (*FORMATS, *PACKAGES, archive)}


def accepted() -> str:
    """Endings and media types for the `accept` of a file input."""
    readers = (*FORMATS, *PACKAGES, archive)
    names = [name for reader in readers for name in getattr(reader, "NAMES", (reader.EXTENSION,))]
    return ",".join([*names, *(reader.MEDIA_TYPE for reader in readers)])
