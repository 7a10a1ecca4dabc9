"""Text and word boxes of a PDF page, by PDFium's text page interface (fpdf_text.h)."""

import ctypes
import sys
from array import array
from typing import TYPE_CHECKING, Any

from documents.ingest.cleaning import Assembler
from documents.ingest.frames import PageText

if TYPE_CHECKING:
    import pypdfium2

UNITS = 10_000
LARGEST = 65_535
DEVICE = 1_000_000


def is_encrypted(document: "pypdfium2.PdfDocument") -> bool:
    from pypdfium2 import raw  # noqa: PLC0415

    return bool(raw.FPDF_GetSecurityHandlerRevision(document) != -1)


class PageReader:
    """Reads one page after another; words seen earlier help with hyphens later."""

    def __init__(self, document: "pypdfium2.PdfDocument") -> None:
        from pypdfium2 import raw  # noqa: PLC0415

        self._document = document
        self._raw = raw
        self._assembler = Assembler()

    def read(self, index: int) -> PageText:
        page = self._document[index]
        try:
            width, height = page.get_size()
            textpage = page.get_textpage()
            try:
                text, units = self._characters(textpage)
                text, words = self._assembler.assemble(text)
                boxes = self._boxes(page, textpage, words, units)
            finally:
                textpage.close()
        finally:
            page.close()
        return PageText(index + 1, text, round(width, 2), round(height, 2), boxes)

    def _characters(self, textpage: Any) -> tuple[str, list[int] | None]:
        """(text, PDFium's index of each character; None where the two are the same)."""
        count = textpage.count_chars()
        if count <= 0:
            return "", None
        text = textpage.get_text_range()
        if len(text) == count and text.isascii():
            return text, None
        if len(text) == count and max(text) <= "\uffff":
            return text, None
        points = [self._raw.FPDFText_GetUnicode(textpage, i) for i in range(count)]
        units: list[int] = []
        characters: list[str] = []
        for i, point in enumerate(points):
            if 0xDC00 <= point < 0xE000 and characters and 0xD800 <= ord(characters[-1]) < 0xDC00:
                high = ord(characters.pop()) - 0xD800
                characters.append(chr(0x10000 + (high << 10) + point - 0xDC00))
            elif 0 < point <= sys.maxunicode:
                characters.append(chr(point))
                units.append(i)
        return "".join(characters), units

    def _boxes(
        self,
        page: Any,
        textpage: Any,
        words: list[tuple[int, int, int, int]],
        units: list[int] | None,
    ) -> bytes:
        """Rows as in models.Page: the box of a word spans its first and its last character.

        Loose boxes reach from the font's descent to its ascent, which makes even highlights.
        """
        transform = self._transform(page)
        handle, get_box = textpage.raw, self._raw.FPDFText_GetLooseCharBox
        box = self._raw.FS_RECTF()
        pointer = ctypes.byref(box)
        rows = array("H")
        for start, end, first, last in words:
            if end > LARGEST:
                break
            if not get_box(handle, first if units is None else units[first], pointer):
                continue
            left, right, low, high = box.left, box.right, box.bottom, box.top
            if last != first and get_box(handle, last if units is None else units[last], pointer):
                left, right = min(left, box.left), max(right, box.right)
                low, high = min(low, box.bottom), max(high, box.top)
            corners = transform(left, low, right, high)
            if corners is not None:
                rows.extend((start, end, *corners))
        if sys.byteorder == "big":
            rows.byteswap()
        return rows.tobytes()

    def _transform(self, page: Any) -> Any:
        """Page space to 1/10000 of the page as it is shown, rotation and crop box included."""
        x, y = ctypes.c_int(), ctypes.c_int()

        def point(px: float, py: float) -> tuple[int, int]:
            self._raw.FPDF_PageToDevice(page, 0, 0, DEVICE, DEVICE, 0, px, py, x, y)
            return x.value, y.value

        origin, along, up = point(0, 0), point(100, 0), point(0, 100)
        scale = UNITS / DEVICE
        x_by_x, y_by_x = ((along[i] - origin[i]) * scale / 100 for i in (0, 1))
        x_by_y, y_by_y = ((up[i] - origin[i]) * scale / 100 for i in (0, 1))
        x_zero, y_zero = (origin[i] * scale for i in (0, 1))

        def corners(
            left: float, low: float, right: float, high: float
        ) -> tuple[int, int, int, int] | None:
            xs = sorted(
                (x_zero + left * x_by_x + low * x_by_y, x_zero + right * x_by_x + high * x_by_y)
            )
            ys = sorted(
                (y_zero + left * y_by_x + low * y_by_y, y_zero + right * y_by_x + high * y_by_y)
            )
            if not (xs[1] > 0 and ys[1] > 0 and xs[0] < UNITS and ys[0] < UNITS):
                return None
            return (
                max(0, int(xs[0])),
                max(0, int(ys[0])),
                min(UNITS, int(xs[1]) + 1),
                min(UNITS, int(ys[1]) + 1),
            )

        return corners
