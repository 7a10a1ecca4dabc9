"""The words of a PDF page and their boxes, by PDFium's text page interface (fpdf_text.h).

Words are what white space separates; Chinese and Japanese lines, which have none, are cut into
short runs so that a box marks less than a line.
"""

import ctypes
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy

from documents.ingest.cleaning import INVISIBLE, plain_word
from documents.ingest.readers.pdf_bidi import RIGHT_TO_LEFT, reading_order
from documents.ingest.readers.pdf_calls import Array, Calls

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

    `firsts` are PDFium's numbers of their first characters, `lengths` the letters of the words.
    `quarters` says how often a word is turned clockwise by 90 degrees, for pages where one is
    turned at all.
    """

    texts: list[str]
    before: Array
    boxes: Array
    firsts: Array
    quarters: Array | None = None
    lengths: Array = field(init=False)

    def __post_init__(self) -> None:
        self.lengths = numpy.fromiter(map(len, self.texts), numpy.int64, len(self.texts))


class WordReader:
    """Reads the words of one page after another; pages and text pages are PDFium's handles."""

    def __init__(self, raw: Any, calls: Calls) -> None:
        self._raw = raw
        self._calls = calls

    def read(self, page: Any, textpage: Any, handle: int, size: tuple[float, float]) -> Words:
        """`handle` is the address of the text page, `size` the page's in points."""
        text, units = self._characters(textpage)
        placed = None
        if RIGHT_TO_LEFT.search(text) and self._raw.FPDFPage_GetRotation(page) == 0:
            text, units, placed = self._as_read(text, units, handle)
        starts, ends, before = _split(text)
        texts = _plain(_cut(text, starts, ends), text)
        if not all(texts):
            kept, before = _without_empty(texts, before)
            texts = [texts[number] for number in kept]
            starts, ends = starts[kept], ends[kept]
        firsts, lasts = starts, ends - 1
        if units is not None:
            firsts, lasts = units[firsts], units[lasts]
        if placed is None:
            found = self._boxes(handle, firsts, lasts)
        else:
            found = _around(placed, starts, ends)
        boxes = to_display(self._raw, page, size)(found)
        words = Words(texts, before, boxes, firsts)
        if _high(words).any() or self._raw.FPDFPage_GetRotation(page) == 2:
            words.quarters = self._quarters(page, textpage, firsts)
        return words

    def _as_read(self, text: str, units: Array | None, handle: int) -> tuple[str, Array, Array]:
        """(the text as it is read, PDFium's numbers of its characters, their boxes)."""
        numbers = numpy.arange(len(text)) if units is None else units
        boxes = self._calls.boxes(handle, numbers)
        marked = any(map(unicodedata.combining, text))
        origins = self._calls.origins(handle, numbers) if marked else None
        text, places = reading_order(text, boxes, origins)
        # Spaces have the number of some other character: nobody asks where they stand.
        return text, numbers[places], boxes[places]

    def _quarters(self, page: Any, textpage: Any, firsts: Array) -> Array:
        angle = self._raw.FPDFText_GetCharAngle
        turns = numpy.array([angle(textpage, first) for first in firsts.tolist()])
        # The page may be turned itself, and PDFium counts its characters' angles clockwise.
        shown = self._raw.FPDFPage_GetRotation(page)
        quarters: Array = (numpy.rint(turns / (numpy.pi / 2)).astype(int) + shown) % 4
        return quarters

    def _characters(self, textpage: Any) -> tuple[str, Array | None]:
        """(text, PDFium's number of each character; None where the two are the same)."""
        count = self._raw.FPDFText_CountChars(textpage)
        if count <= 0:
            return "", None
        # Twice the room, should PDFium write characters beyond U+FFFF as two units.
        buffer = (ctypes.c_ushort * (2 * count + 2))()
        written = self._raw.FPDFText_GetText(textpage, 0, count, buffer) - 1
        text = bytes(memoryview(buffer)[: max(0, written)]).decode("utf-16-le", "ignore")
        if len(text) == count == written:
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

    def _boxes(self, handle: int, firsts: Array, lasts: Array) -> Array:
        """(n, 4) left, top, right, bottom in page space, over a word's first and last character."""
        longer = lasts > firsts
        found = self._calls.boxes(handle, numpy.concatenate((firsts, lasts[longer])))
        first = found[: len(firsts)]
        last = first.copy()
        last[longer] = found[len(firsts) :]
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


def _around(boxes: Array, starts: Array, ends: Array) -> Array:
    """What holds all characters of each word: the outermost need not be the first and the last."""
    out = numpy.zeros((len(starts), 4))
    for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        word = boxes[start:end]
        known = word[word[:, 0] != word[:, 2]]
        if len(known):
            out[number] = (
                *known[:, [0]].min(0),
                known[:, 1].max(),
                known[:, 2].max(),
                known[:, 3].min(),
            )
    return out


def _high(words: Words) -> Array:
    """Words of three letters or more that are much higher than wide."""
    sizes = words.boxes[:, 2:] - words.boxes[:, :2]
    high: Array = (words.lengths > 2) & (sizes[:, 1] > 1.5 * sizes[:, 0])
    return high


def _split(text: str) -> tuple[Array, Array, Array]:
    """(starts, ends, what stands before) of the words of a text."""
    codes = _codes(text)
    kinds = KINDS[codes]
    inside = numpy.zeros(len(codes) + 2, bool)
    numpy.equal(kinds, 0, out=inside[1:-1])
    edges = numpy.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    before = numpy.zeros(len(starts), numpy.uint8)
    if len(starts) > 1:
        before[1:] = numpy.maximum.reduceat(kinds, ends[:-1])[: len(starts) - 1]
    far = not text.isascii() and ((codes >= 0x3000) & (codes < 0xFFF0)).any()
    if len(starts) and (far or int((ends - starts).max()) > LONGEST):
        return _shortened(text, starts, ends, before)
    return starts, ends, before


def _codes(text: str) -> Array:
    """The numbers of the characters; those beyond U+FFFF, which are no spaces, as U+FFFF."""
    if text.isascii():
        return numpy.frombuffer(text.encode("ascii"), numpy.uint8)
    codes = numpy.frombuffer(text.encode("utf-32-le", "surrogatepass"), numpy.uint32)
    return numpy.minimum(codes, 0xFFFF)


def _cut(text: str, starts: Array, ends: Array) -> list[str]:
    # str.split() is many times as fast, but parts at U+001C to U+001F and not at hyphens.
    if CONTROLS.search(text) is None:
        words = text.replace("\ufffe", " ").replace("\x02", " ").split()
        if len(words) == len(starts):
            return words
    return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


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


def to_display(raw: Any, page: Any, size: tuple[float, float]) -> Callable[[Array], Array]:
    """From page space to points from the top left of the page as shown: rotated and cropped."""
    width, height = size
    x, y = ctypes.c_int(), ctypes.c_int()

    def point(px: float, py: float) -> Array:
        raw.FPDF_PageToDevice(page, 0, 0, DEVICE, DEVICE, 0, px, py, x, y)
        return numpy.array((x.value * width / DEVICE, y.value * height / DEVICE))

    origin = point(0, 0)
    along, up = (point(100, 0) - origin) / 100, (point(0, 100) - origin) / 100

    def shown(boxes: Array) -> Array:
        """(n, 4) of left, top, right, bottom in page space."""
        if along[1] == 0 and up[0] == 0:
            xs = origin[0] + boxes[:, ::2] * along[0]
            ys = origin[1] + boxes[:, 1::2] * up[1]
            (left, right), (top, bottom) = xs.T, ys.T
            least = numpy.minimum(left, right), numpy.minimum(top, bottom)
            return numpy.column_stack(
                (*least, numpy.maximum(left, right), numpy.maximum(top, bottom))
            )
        one = origin + boxes[:, :1] * along + boxes[:, 1:2] * up
        other = origin + boxes[:, 2:3] * along + boxes[:, 3:] * up
        return numpy.hstack((numpy.minimum(one, other), numpy.maximum(one, other)))

    return shown
