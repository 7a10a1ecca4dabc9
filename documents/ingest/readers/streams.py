"""Texts of any size, read as a stream: memory holds a few pages, whatever the file weighs."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, TextIO

from documents.ingest.frames import MOST_CHARACTERS, MOST_PAGES, Info, PageText
from documents.ingest.readers import encodings

PIECE = 256 * 1024
# As many bytes as so many characters may need in UTF-8.
MOST_BYTES = 4 * MOST_CHARACTERS
# Up to so many pages are counted before the first is given; then a guess has to do.
COUNTED = 500


@contextmanager
def opened(path: str) -> Iterator[tuple[TextIO, Callable[[], float]]]:
    """(the text with its line ends as they are, a function that tells the share read so far)."""
    with open(path, "rb") as file:
        size = file.seek(0, io.SEEK_END)
        encoding = _encoding(file)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
        yield text, lambda: min(1.0, file.tell() / size) if size else 1.0


def _encoding(file: BinaryIO) -> str:
    """By the whole of what will be read: old bytes may come late in the file."""
    file.seek(0)
    head = file.read(encodings.SAMPLE)
    if not head.isascii() or b"\0" in head:
        found = encodings.of(head)
        if found != "utf-8":
            return found
    file.seek(0)
    sample, read = b"", 0
    text = encodings.Utf8()
    while read < MOST_BYTES and (data := file.read(PIECE)):
        read += len(data)
        # Always fed: a character may begin in one piece and end in the next.
        text.feed(data)
        if len(sample) < encodings.SAMPLE and not data.isascii():
            sample += encodings.telling(data)
        if not text.valid and len(sample) >= encodings.SAMPLE:
            break
    if read < MOST_BYTES:
        text.feed(b"", final=True)
    return "utf-8" if text.valid else encodings.of(sample)


def announced(
    pages: Iterator[PageText],
    share: Callable[[], float],
    unit: str,
    rows_cut: Callable[[], int] = int,
) -> Iterator[Info | PageText]:
    """The pages with an Info before them, and a second one at the end when that had to guess."""
    first = list(islice(pages, COUNTED))
    if len(first) < COUNTED:
        yield Info(len(first), unit=unit, read=share(), rows_cut=rows_cut())
        yield from first
        return
    yield Info(min(MOST_PAGES, max(COUNTED, round(COUNTED / max(share(), 1e-6)))), unit=unit)
    yield from first
    count = COUNTED
    for page in pages:
        count += 1
        yield page
    yield Info(count, unit=unit, read=share(), rows_cut=rows_cut())


def limited(pages: Iterator[PageText]) -> Iterator[PageText]:
    """Pages up to what one document may hold."""
    characters = 0
    for page in pages:
        characters += len(page.text)
        if characters > MOST_CHARACTERS or page.number > MOST_PAGES:
            return
        yield page
