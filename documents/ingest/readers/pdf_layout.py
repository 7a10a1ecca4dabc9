"""A PDF page by PDFium: its words, put in order, as text with boxes."""

import ctypes
from typing import TYPE_CHECKING, Any

import numpy

from documents.ingest.cleaning import plain
from documents.ingest.readers import pdf_lines, pdf_order
from documents.ingest.readers.pdf_lines import Line, Page
from documents.ingest.readers.pdf_order import Piece
from documents.ingest.readers.pdf_words import Array, WordReader, Words

if TYPE_CHECKING:
    import pypdfium2

NAME_LENGTH = 128
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

        self._document = document
        self._words = WordReader()
        self._fonts = Fonts(raw)
        self._raw = raw
        self._called = ctypes.create_string_buffer(LABEL)

    def read(self, index: int) -> Page:
        page = self._document[index]
        try:
            width, height = page.get_size()
            textpage = page.get_textpage()
            try:
                words = _on_page(self._words.read(page, textpage), width, height)
                lines = _lines(words)
                for line in lines:
                    line.size, line.bold = self._fonts.of(textpage, line, words)
            finally:
                textpage.close()
        finally:
            page.close()
        label = self._label(index)
        return Page(index + 1, round(width, 2), round(height, 2), label, words, lines)

    def _label(self, index: int) -> str:
        """What the file calls the page, unless that is its number."""
        length = self._raw.FPDF_GetPageLabel(self._document, index, self._called, LABEL)
        if not 2 < length <= LABEL:
            return ""
        label = plain(self._called.raw[: length - 2].decode("utf-16-le", "ignore")).strip()
        return "" if label == str(index + 1) else label


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
        return _upright_lines(pdf_order.pieces(words, boxes), words)
    usual = int(numpy.bincount(quarters).argmax())
    pieces = pdf_order.pieces(words, _turned(boxes, usual))
    aside = (quarters != usual).tolist()
    lines = _upright_lines([piece for piece in pieces if not aside[piece.first]], words)
    # A note on its side in the margin comes last.
    return lines + [Line([[piece]], parted=2) for piece in pieces if aside[piece.first]]


def _upright_lines(pieces: list[Piece], words: Words) -> list[Line]:
    return pdf_lines.lines_of(pdf_order.regions(pieces), words.texts)


def _turned(boxes: Array, quarters: int) -> Array:
    """Boxes as if the words ran from left to right that are turned clockwise so often."""
    x0, y0, x1, y1 = boxes.T
    sides = {1: (y0, -x1, y1, -x0), 2: (-x1, -y1, -x0, -y0), 3: (-y1, x0, -y0, x1)}
    return numpy.column_stack(sides[quarters]) if quarters else boxes


class Fonts:
    """Size in points and weight of a line's first character."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._name = ctypes.create_string_buffer(NAME_LENGTH)
        self._flags = ctypes.c_int()
        self._matrix = raw.FS_MATRIX()
        self._bold: dict[bytes, bool] = {}

    def of(self, textpage: Any, line: Line, words: Words) -> tuple[float, bool]:
        raw, first = self._raw, line.pieces[0].first
        if len(words.texts[first]) == 1 and line.pieces[0].words > 1:
            # An initial or a bullet is no measure of its line.
            first += 1
        at = int(words.firsts[first])
        size = raw.FPDFText_GetFontSize(textpage, at)
        if raw.FPDFText_GetMatrix(textpage, at, self._matrix):
            size *= (self._matrix.c**2 + self._matrix.d**2) ** 0.5
        length = raw.FPDFText_GetFontInfo(textpage, at, self._name, NAME_LENGTH, self._flags)
        name = self._name.value if 0 < length <= NAME_LENGTH else b""
        if name not in self._bold:
            said = name.decode("utf-8", "replace").lower()
            heavy = raw.FPDFText_GetFontWeight(textpage, at) >= BOLD_WEIGHT
            self._bold[name] = heavy or any(mark in said for mark in BOLD)
        return round(size, 1), self._bold[name]
