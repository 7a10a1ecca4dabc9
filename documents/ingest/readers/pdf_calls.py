"""PDFium's functions asked about many characters of a page at once.

A loop in Python over ctypes takes several times as long as PDFium does: here map() calls from C,
and every argument is one that ctypes need not convert. Functions bound so take any argument and do
not give up the GIL; what goes in and out is decided here alone.
"""

import ctypes
from collections import deque
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy

Array = numpy.ndarray[Any, Any]
# How many characters are asked about before the buffer is used again.
BLOCK = 2048
NAME_LENGTH = 128
BOX = 16


class Calls:
    """Bound once for a document. Handles of text pages are addresses, characters are numbers."""

    def __init__(self, raw: Any) -> None:
        self._loose = _bare(raw.FPDFText_GetLooseCharBox, None)
        self._origin = _bare(raw.FPDFText_GetCharOrigin, ctypes.c_int)
        self._size = _bare(raw.FPDFText_GetFontSize, ctypes.c_double)
        self._matrix = _bare(raw.FPDFText_GetMatrix, ctypes.c_int)
        self._font = _bare(raw.FPDFText_GetFontInfo, ctypes.c_ulong)
        self._boxes = (ctypes.c_float * (4 * BLOCK))()
        self._box_places = [ctypes.byref(self._boxes, BOX * n) for n in range(BLOCK)]
        self._matrices = (raw.FS_MATRIX * BLOCK)()
        step = ctypes.sizeof(raw.FS_MATRIX)
        self._matrix_places = [ctypes.byref(self._matrices, step * n) for n in range(BLOCK)]
        self._name = ctypes.create_string_buffer(NAME_LENGTH)
        self._flags = ctypes.c_int()
        self._length = ctypes.c_ulong.from_param(NAME_LENGTH)

    def boxes(self, handle: int, numbers: Array) -> Array:
        """(n, 4) left, top, right, bottom in page space; zero where PDFium knows none.

        Loose boxes reach from the font's descent to its ascent, which makes even highlights.
        """
        page = ctypes.c_void_p.from_param(handle)
        found = numpy.empty((len(numbers), 4), numpy.float32)
        buffer = numpy.frombuffer(memoryview(self._boxes), numpy.float32).reshape(-1, 4)
        for start in range(0, len(numbers), BLOCK):
            block = numbers[start : start + BLOCK].tolist()
            buffer[: len(block)] = 0
            deque(map(self._loose, repeat(page), block, self._box_places), maxlen=0)
            found[start : start + len(block)] = buffer[: len(block)]
        return found

    def origins(self, handle: int, numbers: Array) -> Array:
        """(n, 2) where the glyphs begin on their baselines, in page space."""
        page = ctypes.c_void_p.from_param(handle)
        x, y = ctypes.c_double(), ctypes.c_double()
        across, up = ctypes.byref(x), ctypes.byref(y)
        found = numpy.zeros((len(numbers), 2))
        for place, number in enumerate(numbers.tolist()):
            if self._origin(page, number, across, up):
                found[place] = x.value, y.value
        return found

    def sizes(self, handle: int, numbers: Sequence[int]) -> list[float]:
        """Font sizes in points as shown."""
        page = ctypes.c_void_p.from_param(handle)
        out: list[float] = []
        for start in range(0, len(numbers), BLOCK):
            block = numbers[start : start + BLOCK]
            sizes = map(self._size, repeat(page), block)
            known = list(map(self._matrix, repeat(page), block, self._matrix_places))
            for size, matrix, is_known in zip(sizes, self._matrices, known, strict=False):
                scale = (matrix.c**2 + matrix.d**2) ** 0.5 if is_known else 1.0
                out.append(round(size * scale, 1))
        return out

    def fonts(self, handle: int, numbers: Sequence[int]) -> list[bytes]:
        """Names of fonts; empty where PDFium knows none."""
        page = ctypes.c_void_p.from_param(handle)
        name, flags = ctypes.byref(self._name), ctypes.byref(self._flags)
        lengths = map(
            self._font, repeat(page), numbers, repeat(name), repeat(self._length), repeat(flags)
        )
        return [self._name.value if 0 < length <= NAME_LENGTH else b"" for length in lengths]


def _bare(function: Any, result: Any) -> Any:
    """The same C function without types for its arguments."""
    address = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(result)(address or 0)
