"""PDF by PDFium: about fourteen times as fast as pypdf, and right about kerning and CJK.

What PDFium refuses (junk before the header, damaged tables) is tried with pypdf once more, and then
put together anew from its parts.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from documents.ingest.cleaning import has_words
from documents.ingest.frames import Info, PageText, Unreadable
from documents.ingest.readers import pdf_about, pdf_layout, pdf_repair, pdf_second
from documents.ingest.readers.pdf_lines import Page
from documents.ingest.readers.pdf_structure import Structure

KIND = "pdf"
MEDIA_TYPE = "application/pdf"
EXTENSION = ".pdf"
HEADER = re.compile(rb"%PDF-\d")


def sniff(head: bytes, name: str) -> bool:
    """The header may stand anywhere in the first kilobyte (ISO 32000-1, annex H, note 13).

    Behind other bytes it counts only in what is no text: a text may speak of %PDF-1.4.
    """
    match = HEADER.search(head[:1024])
    if match is None:
        return False
    before = head[: match.start()]
    return not before.strip(b"\xef\xbb\xbf \r\n\t\0") or b"\0" in head or b"endobj" in head


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    """Pages of a PDF; `second` goes straight to pypdf, for files that crash PDFium."""
    import pypdfium2  # noqa: PLC0415

    if second:
        yield from pdf_second.read(path)
        return
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        # 4 is a wrong password, 5 a security handler PDFium does not know (fpdfview.h).
        if error.err_code in (4, 5):
            raise Unreadable("encrypted", str(error)) from error
        yield from _refused(path)
        return
    with document:
        if pdf_layout.is_encrypted(document) and pdf_second.is_locked(path):
            raise Unreadable("encrypted", "the empty password opens only a part of it")
        yield from _pages(document)


def _refused(path: str) -> Iterator[Info | PageText]:
    """What PDFium does not open: pypdf may, else what is whole of it is put together anew."""
    begun = False
    try:
        for frame in pdf_second.read(path):
            begun = True
            yield frame
    except Unreadable as error:
        if begun or error.code != "damaged":
            raise
        yield from _repaired(path, error)


def _repaired(path: str, damage: Unreadable) -> Iterator[Info | PageText]:
    """Raises `damage` when there is nothing to read in what is left."""
    import pypdfium2  # noqa: PLC0415

    data = pdf_repair.rebuilt(path)
    if data is None:
        raise damage
    try:
        with pypdfium2.PdfDocument(data) as document:
            frames = list(_pages(document))
    except pypdfium2.PdfiumError as error:
        raise damage from error
    if not any(isinstance(frame, PageText) and has_words(frame.text) for frame in frames):
        raise damage
    yield from (replace(f, repaired=True) if isinstance(f, Info) else f for f in frames)


def _pages(document: "pypdfium2.PdfDocument") -> Iterator[Info | PageText]:  # noqa: F821
    count = len(document)
    reader = _Reader(document)
    first = next(reader, None)
    yield Info(
        count,
        pdf_about.title(pdf_about.metadata(document, "Title"), first),
        pdf_about.metadata(document, "Author"),
        created=pdf_about.day(pdf_about.metadata(document, "CreationDate")),
    )
    if first is not None:
        structure = Structure(count, pdf_about.bookmarks(document))
        yield from structure.pages(itertools.chain([first], reader))
    if reader.failed * 2 >= count:
        raise Unreadable("damaged", f"{reader.failed} of {count} pages cannot be opened")


class _Reader(Iterator[Page]):
    """All pages in order; one that cannot be opened is empty."""

    def __init__(self, document: "pypdfium2.PdfDocument") -> None:  # noqa: F821
        self.failed = 0
        self._count = len(document)
        self._index = 0
        self._reader = pdf_layout.PageReader(document)

    def __next__(self) -> Page:
        import pypdfium2  # noqa: PLC0415

        if self._index >= self._count:
            raise StopIteration
        self._index += 1
        try:
            return self._reader.read(self._index - 1)
        except pypdfium2.PdfiumError:
            self.failed += 1
            return pdf_layout.empty(self._index)
