"""Files that are known but not read: their media type decides what a person is told to do."""

import re
import struct
from pathlib import Path

from documents.ingest.readers import zips

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Streams of an OLE file ([MS-CFB] 2.6) and what they make of it.
STREAMS = (
    ("EncryptedPackage", "application/encrypted"),
    ("WordDocument", "application/msword"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("__substg1.0_", "application/vnd.ms-outlook"),
)
BEGINNINGS = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"\xfd7zXZ", "application/x-xz"),
    (b"Rar!", "application/vnd.rar"),
    (b"SQLite format 3", "application/vnd.sqlite3"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-executable"),
)
# Packages that are no archives of files: by what their directory lists.
FOLDERS = (
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("META-INF/MANIFEST.MF", "application/java-archive"),
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
    ("Index/Document.iwa", "application/vnd.apple.iwork"),
    ("visio/", "application/vnd.ms-visio.drawing"),
)
# Header fields of a mail, or of a web page saved as one file (MHTML, RFC 2557).
MAIL = re.compile(
    rb"(?:[A-Za-z-]{2,40}:[^\n]*\n(?:[ \t][^\n]*\n)*){1,30}?"
    rb"(?:MIME-Version|Message-ID|Received|Return-Path|Delivered-To):",
    re.IGNORECASE,
)
UNKNOWN = "application/octet-stream"
MOST_SECTORS = 64


def media_type(head: bytes, path: Path | None) -> str:
    """What the file is, or UNKNOWN."""
    if head.startswith(OLE):
        return _ole(head, path)
    if zips.is_zip(head):
        return _zip(head, path)
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "video/x-msvideo")
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:12] in (b"heic", b"mif1", b"avif") else "video/mp4"
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:512]
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in head):
        return "image/svg+xml"
    if is_mail(head):
        related = b"multipart/related" in head.lower()
        return "multipart/related" if related else "message/rfc822"
    if b'"nbformat"' in head or b'"cell_type"' in head:
        return "application/x-ipynb+json"
    return next((kind for mark, kind in BEGINNINGS if head.startswith(mark)), UNKNOWN)


def is_mail(head: bytes) -> bool:
    return MAIL.match(head) is not None or head[:13].lower() == b"mime-version:"


def _zip(head: bytes, path: Path | None) -> str:
    """OpenDocument and EPUB say what they are in their first entry, Office files by folders."""
    if head[30:38] == b"mimetype":
        declared = head[38 : 38 + 80].split(b"PK")[0].decode("ascii", errors="ignore")
        return declared if declared.replace("/", "").replace(".", "").isascii() else UNKNOWN
    listed = zips.names(path) if path is not None else []
    for folder, kind in FOLDERS:
        # Folders of an office file are somebody's own where nothing lists them.
        if folder in ("xl/", "visio/") and "[Content_Types].xml" not in listed:
            continue
        if any(name.startswith(folder) for name in listed):
            return kind
    return "application/zip"


def _ole(head: bytes, path: Path | None) -> str:
    """By the names in the directory, found through the allocation table ([MS-CFB] 2.2, 2.3)."""
    names = _ole_names(head, path) if path is not None else []
    for stream, kind in STREAMS:
        if any(name.startswith(stream) for name in names):
            return kind
    return "application/x-ole-storage"


def _ole_names(head: bytes, path: Path) -> list[str]:
    if len(head) < 512:
        return []
    shift = struct.unpack_from("<H", head, 30)[0]
    sector = struct.unpack_from("<I", head, 48)[0]
    if shift not in (9, 12):
        return []
    size = 1 << shift
    table = struct.unpack_from("<109I", head, 76)
    names: list[str] = []
    with path.open("rb") as file:
        for _number in range(MOST_SECTORS):
            file.seek((sector + 1) * size)
            names += _entry_names(file.read(size))
            place = sector // (size // 4)
            if place >= len(table) or table[place] >= 0xFFFFFFFA:
                break
            file.seek((table[place] + 1) * size + sector % (size // 4) * 4)
            following = file.read(4)
            if len(following) < 4:
                break
            sector = struct.unpack("<I", following)[0]
            if sector >= 0xFFFFFFFA:
                break
    return names


def _entry_names(data: bytes) -> list[str]:
    found = []
    for place in range(0, len(data) - 127, 128):
        length = struct.unpack_from("<H", data, place + 64)[0]
        raw = data[place : place + max(0, min(length, 64) - 2)]
        found.append(raw.decode("utf-16-le", errors="replace"))
    return found
