"""Text recognition for pages that are pictures: rendered by PDFium, read by Tesseract.

Tesseract is a program of its own. It gets a picture on its standard input and answers on its
standard output, inside the limits of the confined child it is started from.
"""

import subprocess
import sys
from array import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from documents.ingest.cleaning import Assembler, has_words
from documents.ingest.frames import Info, PageText

if TYPE_CHECKING:
    import pypdfium2

RESOLUTION = 300
MOST_PIXELS = 10_000_000
PAGE_SECONDS = 90
# Percent. Below the first a word is noise; a page below the second is a photograph, not a text.
LEAST_SURE, LEAST_SURE_PAGE = 25, 45
WHITE = 250
UNITS, LARGEST = 10_000, 65_535
LEVEL, BLOCK, PARAGRAPH, LINE = 0, 2, 3, 4
BOX, SURE, TEXT = slice(6, 10), 10, 11
WORD_LEVEL = "5"


@dataclass(frozen=True)
class Program:
    """Where Tesseract is and the languages it is to expect, joined by "+"."""

    path: str
    languages: str


@dataclass(frozen=True)
class Word:
    text: str
    # (block, paragraph, line), then left, top, width, height in pixels, and percent.
    line: tuple[int, int, int]
    box: tuple[int, int, int, int]
    sure: float


def filled(
    frames: Iterator[Info | PageText], path: str, program: Program
) -> Iterator[Info | PageText]:
    """The frames of a PDF, pages without words as Tesseract reads them, at last how many."""
    import pypdfium2  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:
        yield from frames
        return
    assembler = Assembler()
    info, count = Info(0), 0
    with closing(document):
        for frame in frames:
            if isinstance(frame, Info):
                info = frame
                yield frame
            elif has_words(frame.text):
                yield frame
            else:
                page = _recognised(document, frame, program, assembler)
                count += page is not frame
                yield page
    if count:
        yield replace(info, recognised=count)


def _recognised(
    document: "pypdfium2.PdfDocument", page: PageText, program: Program, assembler: Assembler
) -> PageText:
    """The page with its words and their boxes; as it was when nothing can be made out."""
    import pypdfium2  # noqa: PLC0415

    try:
        picture, width, height = _picture(document, page.number - 1)
    except pypdfium2.PdfiumError:
        return page
    if picture is None:
        return page
    words = _words(_run(program, picture))
    if not words or sum(word.sure for word in words) < LEAST_SURE_PAGE * len(words):
        return page
    text, boxes = _laid_out(words, width, height, assembler)
    return replace(page, text=text, boxes=boxes)


def _picture(document: "pypdfium2.PdfDocument", index: int) -> tuple[bytes | None, int, int]:
    """(a grey picture in PGM, width, height); None for an empty page."""
    page = document[index]
    try:
        width, height = page.get_size()
        scale = min(RESOLUTION / 72, (MOST_PIXELS / max(1.0, width * height)) ** 0.5)
        bitmap = page.render(scale=scale, grayscale=True)
    finally:
        page.close()
    with closing(bitmap):
        data = bytes(bitmap.buffer)
        rows = (
            data[start : start + bitmap.width]
            for start in range(0, bitmap.stride * bitmap.height, bitmap.stride)
        )
        pixels = data if bitmap.stride == bitmap.width else b"".join(rows)
        if min(pixels, default=WHITE) >= WHITE:
            return None, 0, 0
        head = f"P5\n{bitmap.width} {bitmap.height}\n255\n".encode()
        return head + pixels, bitmap.width, bitmap.height


def _run(program: Program, picture: bytes) -> str:
    """Tesseract's table of words; nothing when it fails or takes too long over one page."""
    command = [program.path, "stdin", "stdout", "-l", program.languages, "--psm", "3", "tsv"]
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=PAGE_SECONDS,
            check=False,
            # One thread: two do not read a page faster, and other people's requests wait.
            env={"OMP_THREAD_LIMIT": "1", "LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.decode("utf-8", errors="replace")


def _words(table: str) -> list[Word]:
    found = []
    for row in table.splitlines():
        cells = row.split("\t")
        if len(cells) <= TEXT or cells[LEVEL] != WORD_LEVEL:
            continue
        sure = float(cells[SURE])
        text = cells[TEXT].strip()
        if text and sure >= LEAST_SURE:
            line = (int(cells[BLOCK]), int(cells[PARAGRAPH]), int(cells[LINE]))
            left, top, width, height = map(int, cells[BOX])
            found.append(Word(text, line, (left, top, width, height), sure))
    return found


def _laid_out(
    words: list[Word], width: int, height: int, assembler: Assembler
) -> tuple[str, bytes]:
    """The page's text, lines as they were, and boxes as in models.Page."""
    parts: list[str] = []
    owners: list[Word] = []
    for number, word in enumerate(words):
        if number:
            parts.append(" " if word.line == words[number - 1].line else "\n")
            owners.append(word)
        parts.append(word.text)
        owners += [word] * len(word.text)
    text, places = assembler.assemble("".join(parts))
    rows = array("H")
    for start, end, first, _last in places:
        if end > LARGEST:
            break
        left, top, wide, high = owners[first].box
        corners = (left / width, top / height, (left + wide) / width, (top + high) / height)
        rows.extend((start, end, *(min(UNITS, max(0, round(c * UNITS))) for c in corners)))
    if sys.byteorder == "big":
        rows.byteswap()
    return text, rows.tobytes()
