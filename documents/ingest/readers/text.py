"""Plain text. It has no pages, so it is cut into parts of about 3000 characters."""

import re
from collections.abc import Iterator
from typing import TextIO

from documents.ingest.cleaning import has_words, plain_lines
from documents.ingest.frames import Info, PageText, Unreadable
from documents.ingest.readers import encodings, inline, streams

KIND = "text"
MEDIA_TYPE = "text/plain"
EXTENSION = ".txt"
PAGE = 3000
LONGEST_PAGE = 4000
PIECE = 64 * 1024
# Text by its bytes, but meant for another program.
OTHER_NAMES = (".eml", ".ipynb", ".ps", ".rtf", ".svg", ".xml")
OTHERS = (b"<?xml", b"<svg", b"{\\rtf", b"%!ps", b"%pdf-", b"mime-")
HTML = re.compile(rb"<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
NOTEBOOK = re.compile(rb'^\s*\{\s*"(?:cells|nbformat|metadata)"\s*:')
CONTROLS = bytes(set(range(32)) - {8, 9, 10, 11, 12, 13, 27}) + b"\x7f"


def sniff(head: bytes, name: str) -> bool:
    """Text of its own kind: not the source of a picture, a mail or a notebook."""
    return not name.lower().endswith(OTHER_NAMES) and is_text(head)


def is_text(head: bytes) -> bool:
    """No control characters once it is decoded, and no other known format."""
    if head.lstrip()[:64].lower().startswith(OTHERS) or HTML.search(head[:1024]):
        return False
    encoding = encodings.of(head)
    if encoding.startswith(("utf-16", "utf-32")):
        head = head.decode(encoding, errors="ignore").encode()
    return head.translate(None, CONTROLS) == head and not NOTEBOOK.match(head)


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    with streams.opened(path) as (file, share):
        pages = streams.limited(_pages(file))
        yield from streams.announced(pages, share, unit="part")


def _pages(file: TextIO) -> Iterator[PageText]:
    """Raises Unreadable at the end when there was nothing to read."""
    number, words, buffer = 0, False, ""
    for piece in _pieces(file):
        buffer += piece
        while len(buffer) > LONGEST_PAGE:
            cut = _boundary(buffer, PAGE, LONGEST_PAGE)
            page, buffer = buffer[:cut].strip("\n"), buffer[cut:]
            if page.strip():
                number += 1
                words = words or has_words(page)
                yield PageText(number, page)
    if buffer.strip():
        number += 1
        words = words or has_words(buffer)
        yield PageText(number, buffer.strip("\n"))
    if not number:
        raise Unreadable("empty", "only white space")
    if not words:
        raise Unreadable("no_text", "no letter and no digit")


def _pieces(file: TextIO) -> Iterator[str]:
    """Cleaned text; a letter and its accents, or a line's end, are not torn apart."""
    rest = ""
    for piece in inline.without(iter(lambda: file.read(PIECE), "")):
        data = rest + piece
        cut = max(data.rfind("\n"), data.rfind(" ")) + 1 or len(data)
        rest = data[cut:]
        yield plain_lines(data[:cut])
    yield plain_lines(rest)


def _boundary(text: str, low: int, high: int) -> int:
    """Where a page ends: behind a paragraph, a line, a blank, else anywhere."""
    for mark in ("\n\n", "\n", " "):
        found = text.find(mark, low, high)
        if found >= 0:
            return found + len(mark)
    return low
