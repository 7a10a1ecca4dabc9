"""The words of a PDF page and their boxes, by PDFium's text page interface (fpdf_text.h).

Words are what white space separates; Chinese and Japanese lines, which have none, are cut into
short runs so that a box marks less than a line.
"""

import ctypes
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy

from documents.ingest.cleaning import INVISIBLE, plain_word

Array = numpy.ndarray[Any, Any]
# What stands before a word.
NOTHING, SPACE, BREAK, HYPHEN = range(4)
SPACES = (9, 32, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F)
BREAKS = (10, 11, 12, 13, 0x85, 0x2028, 0x2029)
# PDFium writes U+FFFE (formerly U+0002) for the hyphen at a line's end.
HYPHENS = (2, 0xFFFE)
LONGEST = 48
RUN = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
PIECE = re.compile(r".{1,15}?[、。！？；，：]|.{1,16}")
CONTROLS = re.compile("[\x01\x03-\x08\x0e-\x1f\x7f]")
# Points of a page are asked for on a screen of this many pixels: PDFium answers in whole ones.
DEVICE = 1_000_000


def _kinds() -> Array:
    kinds = numpy.zeros(0x10000, numpy.uint8)
    kinds[[*SPACES, 0x3000]] = SPACE
    kinds[list(BREAKS)] = BREAK
    kinds[list(HYPHENS)] = HYPHEN
    return kinds


KINDS = _kinds()


@dataclass
class Words:
    """Words in the order of the content stream; boxes (n, 4) in points from the page's top left.

    `firsts` are PDFium's numbers of their first characters. `quarters` says how often a word is
    turned clockwise by 90 degrees, for pages where one is turned at all.
    """

    texts: list[str]
    before: Array
    boxes: Array
    firsts: Array
    quarters: Array | None = None


class WordReader:
    """PDFium's calls without the checks of ctypes, run from C: a third of the time of a loop."""

    def __init__(self) -> None:
        from pypdfium2 import raw  # noqa: PLC0415

        self._raw = raw
        self._loose = _bare(
            raw.FPDFText_GetLooseCharBox,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_void_p,
        )

    def read(self, page: Any, textpage: Any) -> Words:
        text, units = self._characters(textpage)
        starts, ends, before = _split(text)
        raw = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        texts = _plain(raw, text)
        if not all(texts):
            kept, before = _without_empty(texts, before)
            texts = [texts[number] for number in kept]
            starts, ends = starts[kept], ends[kept]
        firsts, lasts = starts, ends - 1
        if units is not None:
            firsts, lasts = units[firsts], units[lasts]
        boxes = to_display(self._raw, page)(self._boxes(textpage, firsts, lasts))
        words = Words(texts, before, boxes, firsts)
        if _high(words).any() or self._raw.FPDFPage_GetRotation(page) == 2:
            words.quarters = self._quarters(page, textpage, firsts)
        return words

    def _quarters(self, page: Any, textpage: Any, firsts: Array) -> Array:
        angle = self._raw.FPDFText_GetCharAngle
        turns = numpy.array([angle(textpage, first) for first in firsts.tolist()])
        # The page may be turned itself, and PDFium counts its characters' angles clockwise.
        shown = self._raw.FPDFPage_GetRotation(page)
        return (numpy.rint(turns / (numpy.pi / 2)).astype(int) + shown) % 4

    def _characters(self, textpage: Any) -> tuple[str, Array | None]:
        """(text, PDFium's number of each character; None where the two are the same)."""
        count = textpage.count_chars()
        if count <= 0:
            return "", None
        text: str = textpage.get_text_range()
        if len(text) == count and (text.isascii() or max(text) <= "\uffff"):
            return text, None
        points = [self._raw.FPDFText_GetUnicode(textpage, i) for i in range(count)]
        units: list[int] = []
        characters: list[str] = []
        for i, point in enumerate(points):
            if 0xDC00 <= point < 0xE000 and characters and 0xD800 <= ord(characters[-1]) < 0xDC00:
                high = ord(characters.pop()) - 0xD800
                characters.append(chr(0x10000 + (high << 10) + point - 0xDC00))
            elif 0 < point <= 0x10FFFF:
                characters.append(chr(point))
                units.append(i)
        return "".join(characters), numpy.array(units, numpy.int64)

    def _boxes(self, textpage: Any, firsts: Array, lasts: Array) -> Array:
        """(n, 4) left, top, right, bottom in page space, over a word's first and last character.

        Loose boxes reach from the font's descent to its ascent, which makes even highlights.
        """
        numbers = numpy.concatenate((firsts, lasts))
        found = numpy.zeros((len(numbers), 4), numpy.float32)
        handle = ctypes.cast(textpage.raw, ctypes.c_void_p).value
        address = found.ctypes.data
        places = range(address, address + 16 * len(numbers), 16)
        deque(map(self._loose, repeat(handle), numbers.tolist(), places), maxlen=0)
        first, last = found[: len(firsts)].copy(), found[len(firsts) :]
        # A character PDFium made up has no box: the other end of the word stands for it.
        for one, other in ((first, last), (last, first)):
            missing = one[:, 0] == one[:, 2]
            one[missing] = other[missing]
        return numpy.column_stack(
            (
                numpy.minimum(first[:, 0], last[:, 0]),
                numpy.maximum(first[:, 1], last[:, 1]),
                numpy.maximum(first[:, 2], last[:, 2]),
                numpy.minimum(first[:, 3], last[:, 3]),
            )
        )


def _high(words: Words) -> Array:
    """Words of three letters or more that are much higher than wide."""
    lengths = numpy.fromiter(map(len, words.texts), numpy.int64, len(words.texts))
    sizes = words.boxes[:, 2:] - words.boxes[:, :2]
    return (lengths > 2) & (sizes[:, 1] > 1.5 * sizes[:, 0])  # type: ignore[no-any-return]


def _bare(function: Any, result: Any, *arguments: Any) -> Any:
    """The same C function with plain addresses for arguments, and without giving up the GIL."""
    address = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


def _split(text: str) -> tuple[Array, Array, Array]:
    """(starts, ends, what stands before) of the words of a text."""
    codes = numpy.frombuffer(text.encode("utf-32-le", "surrogatepass"), numpy.uint32)
    kinds = KINDS[numpy.minimum(codes, 0xFFFF)]
    edges = numpy.diff(numpy.concatenate(([0], kinds == 0, [0])).astype(numpy.int8))
    starts, ends = numpy.flatnonzero(edges == 1), numpy.flatnonzero(edges == -1)
    before = numpy.zeros(len(starts), numpy.uint8)
    if len(starts) > 1:
        before[1:] = numpy.maximum.reduceat(kinds, ends[:-1])[: len(starts) - 1]
    far = ((codes >= 0x3000) & (codes < 0xFFF0)).any()
    if len(starts) and (far or int((ends - starts).max()) > LONGEST):
        return _shortened(text, starts, ends, before)
    return starts, ends, before


def _shortened(text: str, starts: Array, ends: Array, before: Array) -> tuple[Array, Array, Array]:
    rows: list[tuple[int, int, int]] = []
    for start, end, gap in zip(starts.tolist(), ends.tolist(), before.tolist(), strict=True):
        word = text[start:end]
        if len(word) > 2 and RUN.search(word):
            cuts = [start + match.end() for match in PIECE.finditer(word)]
        else:
            cuts = [*range(start + LONGEST, end, LONGEST), end]
        firsts, gaps = [start, *cuts[:-1]], [gap, *[NOTHING] * (len(cuts) - 1)]
        rows += zip(firsts, cuts, gaps, strict=True)
    table = numpy.array(rows, numpy.int64)
    return table[:, 0], table[:, 1], table[:, 2].astype(numpy.uint8)


def _without_empty(texts: list[str], before: Array) -> tuple[list[int], Array]:
    """(the words that are left, what stands before each): a gap is as wide as its widest part."""
    kept = [number for number, word in enumerate(texts) if word]
    gaps = [int(before[a + 1 : b + 1].max()) for a, b in zip([-1, *kept], kept, strict=False)]
    return kept, numpy.array(gaps, numpy.uint8)


def _plain(raw: list[str], text: str) -> list[str]:
    if text.isascii() and INVISIBLE.search(text) is None:
        return raw
    if CONTROLS.search(text):
        return [plain_word(word) for word in raw]
    return [word if word.isascii() else plain_word(word) for word in raw]


def to_display(raw: Any, page: Any) -> Callable[[Array], Array]:
    """From page space to points from the top left of the page as shown: rotated and cropped."""
    width, height = page.get_size()
    x, y = ctypes.c_int(), ctypes.c_int()

    def point(px: float, py: float) -> Array:
        raw.FPDF_PageToDevice(page, 0, 0, DEVICE, DEVICE, 0, px, py, x, y)
        return numpy.array((x.value * width / DEVICE, y.value * height / DEVICE))

    origin = point(0, 0)
    along, up = (point(100, 0) - origin) / 100, (point(0, 100) - origin) / 100

    def shown(boxes: Array) -> Array:
        """(n, 4) of left, top, right, bottom in page space."""
        one = origin + boxes[:, :1] * along + boxes[:, 1:2] * up
        other = origin + boxes[:, 2:3] * along + boxes[:, 3:] * up
        return numpy.hstack((numpy.minimum(one, other), numpy.maximum(one, other)))

    return shown
