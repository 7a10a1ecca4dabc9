"""The order in which a person reads a page: its columns from left to right, each from the top.

The order of the content stream is kept where it runs down the page. Columns are parted at gutters
that most lines leave free; what crosses a gutter (a title, a wide figure's caption) parts what is
above it from what is below (after Nagy and Seth's X-Y cut, 1984, with spanning lines).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from statistics import median

import numpy

from documents.ingest.readers.pdf_calls import Array
from documents.ingest.readers.pdf_words import BREAK, Words

# A gap wider than this share of the line's height parts columns and cells of a table.
WIDE = 0.8
DEEPEST = 4
BIN = 2.0


@dataclass(slots=True)
class Piece:
    """Words side by side on one line, without a wide gap; boxes in points from the top left."""

    x0: float
    y0: float
    x1: float
    y1: float
    height: float
    first: int
    end: int
    letters: int
    words: int
    # Half way between y0 and y1.
    middle: float
    # Where the piece comes in the content stream.
    place: int


PLACE, MIDDLE, LEFT = map(attrgetter, ("place", "middle", "x0"))


def pieces(words: Words, boxes: Array) -> list[Piece]:
    """The words, joined where they follow each other on a line."""
    count = len(words.texts)
    if not count:
        return []
    heights = boxes[:, 3] - boxes[:, 1]
    smaller = numpy.maximum(numpy.minimum(heights[1:], heights[:-1]), 0.1)
    shared = numpy.minimum(boxes[1:, 3], boxes[:-1, 3]) - numpy.maximum(boxes[1:, 1], boxes[:-1, 1])
    # Right-to-left words follow each other the other way round.
    apart = numpy.maximum(boxes[1:, 0] - boxes[:-1, 2], boxes[:-1, 0] - boxes[1:, 2])
    parted = (words.before[1:] >= BREAK) | (apart > WIDE * smaller) | (shared < 0.15 * smaller)
    starts = numpy.concatenate(([0], numpy.flatnonzero(parted) + 1))
    lengths = words.lengths
    letters = numpy.add.reduceat(lengths, starts)
    tops = numpy.minimum.reduceat(boxes[:, 1], starts)
    bottoms = numpy.maximum.reduceat(boxes[:, 3], starts)
    sizes = numpy.diff(numpy.append(starts, count))
    columns = (
        numpy.minimum.reduceat(boxes[:, 0], starts),
        tops,
        numpy.maximum.reduceat(boxes[:, 2], starts),
        bottoms,
        numpy.add.reduceat(heights * lengths, starts) / letters,
        starts,
        starts + sizes,
        letters,
        sizes,
        (tops + bottoms) / 2,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Piece(*row, place) for place, row in enumerate(rows)]


def regions(found: Sequence[Piece], depth: int = 0) -> list[list[Piece]]:
    """Pieces in reading order, in groups that are one column each."""
    if depth < DEEPEST and len(found) >= 6 and not _is_one_column(found):
        parts = _columns(found)
        if parts is not None:
            return [group for part in parts for group in regions(part, depth + 1)]
    return [list(found)] if found else []


def _is_one_column(found: Sequence[Piece]) -> bool:
    """Most of the text in lines that run from side to side: no gutter to look for."""
    low, high = min(piece.x0 for piece in found), max(piece.x1 for piece in found)
    wide = sum(piece.letters for piece in found if piece.x1 - piece.x0 > 0.6 * (high - low))
    return wide * 2 > sum(piece.letters for piece in found)


def _columns(found: Sequence[Piece]) -> list[list[Piece]] | None:
    """Left and right of the best gutter, between the lines that cross it; None without one."""
    for gutter in _gutters(found):
        left = [piece for piece in found if piece.x1 <= gutter]
        right = [piece for piece in found if piece.x0 >= gutter]
        beside = sum(piece.letters for piece in left + right)
        if beside * 2 > sum(piece.letters for piece in found) and _are_columns(left, right):
            return _bands(found, gutter)
    return None


def _gutters(found: Sequence[Piece]) -> list[float]:
    """Where a gutter may be, the emptiest first."""
    low, high = min(piece.x0 for piece in found), max(piece.x1 for piece in found)
    bins = int((high - low) / BIN) + 2
    change = numpy.zeros(bins + 1)
    heights = numpy.array([piece.height for piece in found])
    numpy.add.at(change, [int((piece.x0 - low) / BIN) for piece in found], heights)
    numpy.add.at(change, [int((piece.x1 - low) / BIN) + 1 for piece in found], -heights)
    cover = numpy.cumsum(change)[:bins]
    usual = float(numpy.median(cover))
    free = numpy.concatenate(([False], cover <= 0.35 * usual, [False]))
    edges = numpy.flatnonzero(numpy.diff(free.astype(numpy.int8)))
    ranked = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        # The emptiest part of a run counts: lines that span columns cover it all alike.
        run = cover[start:end]
        clear = numpy.flatnonzero(run <= run.min() + 0.01)
        at = low + (start + float(clear.mean()) + 0.5) * BIN
        width = len(clear) * BIN
        share = (at - low) / max(1.0, high - low)
        if 0.12 < share < 0.88 and width >= 2 * BIN:
            ranked.append((float(run.min()), -width, at))
    return [at for _cover, _width, at in sorted(ranked)[:3]]


def _are_columns(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Whether both sides are text of their own rather than cells of the same rows."""
    if len(left) < 3 or len(right) < 3:
        return False
    for side in (left, right):
        if max(p.y1 for p in side) - min(p.y0 for p in side) < 3.5 * side[0].height:
            return False
        letters, words = sum(p.letters for p in side), sum(p.words for p in side)
        if letters < 10 * len(side) or words < 2 * len(side) or letters < 3 * words:
            return False
    if min(p.y0 for p in left) > max(p.y1 for p in right):
        return False
    if min(p.y0 for p in right) > max(p.y1 for p in left):
        return False
    sides = sorted([(p.place, 0) for p in left] + [(p.place, 1) for p in right])
    backs = sum(before[1] > after[1] for before, after in pairwise(sides))
    # Written column by column, or row by row in lines that fill their columns.
    return backs * 12 <= len(sides) or (min(len(left), len(right)) >= 4 and _filled(left, right))


def _filled(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    for side in (left, right):
        widths = [p.x1 - p.x0 for p in side]
        if median(widths) < 0.7 * max(widths) or sum(p.words for p in side) < 3.5 * len(side):
            return False
    return True


def _bands(found: Sequence[Piece], gutter: float) -> list[list[Piece]]:
    """What spans the gutter, and between two such lines the left side, then the right one."""
    spanning = [piece for piece in found if piece.x0 < gutter < piece.x1]
    spanning.sort(key=lambda piece: piece.y0)
    others = [piece for piece in found if not piece.x0 < gutter < piece.x1]
    bands: list[list[Piece]] = []
    for piece in spanning:
        above = [other for other in others if other.middle < piece.middle]
        bands += _sides(above, gutter)
        others = [other for other in others if other.middle >= piece.middle]
        if bands and not above and _spans(bands[-1], gutter):
            bands[-1].append(piece)
        else:
            bands.append([piece])
    bands += _sides(others, gutter)
    return bands


def _spans(band: Sequence[Piece], gutter: float) -> bool:
    return any(piece.x0 < gutter < piece.x1 for piece in band)


def _sides(found: Sequence[Piece], gutter: float) -> list[list[Piece]]:
    sides = ([p for p in found if p.x1 <= gutter], [p for p in found if p.x0 >= gutter])
    return [side for side in sides if side]


def in_order(group: Sequence[Piece]) -> list[Piece]:
    """One column from its top: as it was written where that runs down, else sorted."""
    written = sorted(group, key=PLACE)
    backs = [
        number
        for number, (before, piece) in enumerate(pairwise(written), start=1)
        if not piece.middle > before.middle - 0.7 * before.height
    ]
    if not backs:
        return written
    runs = [written[a:b] for a, b in pairwise([0, *backs, len(written)])]
    runs.sort(key=lambda run: min(piece.y0 for piece in run))
    bottoms = [max(piece.y1 for piece in run) for run in runs]
    tops = [min(piece.y0 for piece in run) for run in runs]
    if any(top < bottom - 4 for bottom, top in zip(bottoms, tops[1:], strict=False)):
        return [piece for row in rows(written) for piece in row]
    return [piece for run in runs for piece in run]


def rows(group: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces side by side, from the top, each row from the left."""
    found: list[list[Piece]] = []
    top = bottom = 0.0
    for piece in sorted(group, key=MIDDLE):
        y0, y1 = piece.y0, piece.y1
        # What begins below the row shares nothing with it.
        if found and y0 < bottom:
            shared = min(bottom, y1) - max(top, y0)
            if shared > 0.5 * min(bottom - top, y1 - y0):
                found[-1].append(piece)
                continue
        found.append([piece])
        top, bottom = y0, y1
    for row in found:
        if len(row) > 1:
            row.sort(key=LEFT)
    return found
