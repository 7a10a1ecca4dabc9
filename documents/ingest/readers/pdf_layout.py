"""A PDF page by PDFium: its words, put in order, as text with boxes."""

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from documents.ingest.cleaning import plain
from documents.ingest.readers import pdf_fields, pdf_lines, pdf_order
from documents.ingest.readers.pdf_bidi import is_right_to_left
from documents.ingest.readers.pdf_calls import Array, Calls
from documents.ingest.readers.pdf_lines import Line, Page
from documents.ingest.readers.pdf_order import Piece
from documents.ingest.readers.pdf_words import WordReader, Words

if TYPE_CHECKING:
    import pypdfium2

# Bytes of a page's label, two for each of its letters.
LABEL = 42
BOLD = ("bold", "black", "heavy", "cmbx", "demi", "-bd")
BOLD_WEIGHT = 600


def is_encrypted(document: "pypdfium2.PdfDocument") -> bool:
    from pypdfium2 import raw  # noqa: PLC0415

    return bool(raw.FPDF_GetSecurityHandlerRevision(document) != -1)


class PageReader:
    """Reads one page after another."""

    def __init__(self, document: "pypdfium2.PdfDocument") -> None:
        from pypdfium2 import raw  # noqa: PLC0415

        calls = Calls(raw)
        self._document = document
        self._words = WordReader(raw, calls)
        self._fonts = Fonts(raw, calls)
        self._raw = raw
        self._called = ctypes.create_string_buffer(LABEL)

    def read(self, index: int) -> Page:
        raw = self._raw
        page = _opened(pdf_fields.load(raw, self._document, index))
        try:
            size = raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page)
            textpage = _opened(raw.FPDFText_LoadPage(page))
            try:
                handle = ctypes.cast(textpage, ctypes.c_void_p).value or 0
                words = _on_page(self._words.read(page, textpage, handle, size), *size)
                lines = _lines(words)
                self._fonts.tell(textpage, handle, lines, words)
            finally:
                raw.FPDFText_ClosePage(textpage)
        finally:
            raw.FPDF_ClosePage(page)
        width, height = size
        label = self._label(index)
        return Page(index + 1, round(width, 2), round(height, 2), label, words, lines)

    def _label(self, index: int) -> str:
        """What the file calls the page, unless that is its number."""
        length = self._raw.FPDF_GetPageLabel(self._document, index, self._called, LABEL)
        if not 2 < length <= LABEL:
            return ""
        label = plain(self._called.raw[: length - 2].decode("utf-16-le", "ignore")).strip()
        return "" if label == str(index + 1) else label


def _opened(handle: Any) -> Any:
    from pypdfium2 import PdfiumError  # noqa: PLC0415

    if not handle:
        raise PdfiumError("a page cannot be opened")
    return handle


def empty(number: int) -> Page:
    nothing = numpy.zeros(0, numpy.int64)
    return Page(number, 0.0, 0.0, "", Words([], nothing, numpy.zeros((0, 4)), nothing), [])


def _on_page(words: Words, width: float, height: float) -> Words:
    """Without what stands off the page, where nobody sees it."""
    boxes = words.boxes
    seen = (boxes[:, 2] > 0) & (boxes[:, 3] > 0) & (boxes[:, 0] < width) & (boxes[:, 1] < height)
    if seen.all() or not seen.any():
        return words
    texts = [text for text, shown in zip(words.texts, seen.tolist(), strict=True) if shown]
    quarters = None if words.quarters is None else words.quarters[seen]
    return Words(texts, words.before[seen], boxes[seen], words.firsts[seen], quarters)


def _lines(words: Words) -> list[Line]:
    boxes, quarters = words.boxes, words.quarters
    if quarters is None or not quarters.any():
        # Columns and cells of a page in Arabic follow each other as its words do.
        shown = _mirrored(boxes) if is_right_to_left(words.texts) else boxes
        return _upright_lines(pdf_order.pieces(words, shown), words)
    usual = int(numpy.bincount(quarters).argmax())
    pieces = pdf_order.pieces(words, _turned(boxes, usual))
    aside = (quarters != usual).tolist()
    lines = _upright_lines([piece for piece in pieces if not aside[piece.first]], words)
    # A note on its side in the margin comes last.
    return lines + [Line([[piece]], parted=2, aside=True) for piece in pieces if aside[piece.first]]


def _upright_lines(pieces: list[Piece], words: Words) -> list[Line]:
    return pdf_lines.lines_of(pdf_order.regions(pieces), words.texts)


def _mirrored(boxes: Array) -> Array:
    """Boxes as if the words ran from left to right that run from right to left."""
    x0, y0, x1, y1 = boxes.T
    return numpy.column_stack((-x1, y0, -x0, y1))


def _turned(boxes: Array, quarters: int) -> Array:
    """Boxes as if the words ran from left to right that are turned clockwise so often."""
    x0, y0, x1, y1 = boxes.T
    sides = {1: (y0, -x1, y1, -x0), 2: (-x1, -y1, -x0, -y0), 3: (-y1, x0, -y0, x1)}
    return numpy.column_stack(sides[quarters]) if quarters else boxes


class Fonts:
    """Size in points and weight of a line's first character."""

    def __init__(self, raw: Any, calls: Calls) -> None:
        self._raw = raw
        self._calls = calls
        self._bold: dict[bytes, bool] = {}

    def tell(self, textpage: Any, handle: int, lines: Sequence[Line], words: Words) -> None:
        """Sets size and weight of the lines."""
        firsts = [_measured(line, words) for line in lines]
        numbers = words.firsts[firsts].tolist() if firsts else []
        sizes, names = self._calls.sizes(handle, numbers), self._calls.fonts(handle, numbers)
        for line, at, size, name in zip(lines, numbers, sizes, names, strict=True):
            if name not in self._bold:
                said = name.decode("utf-8", "replace").lower()
                heavy = self._raw.FPDFText_GetFontWeight(textpage, at) >= BOLD_WEIGHT
                self._bold[name] = heavy or any(mark in said for mark in BOLD)
            line.size, line.bold = size, self._bold[name]


def _measured(line: Line, words: Words) -> int:
    """The first word, but for an initial or a bullet, which is no measure of its line."""
    piece = line.pieces[0]
    short = len(words.texts[piece.first]) == 1 and piece.words > 1
    return piece.first + 1 if short else piece.first
