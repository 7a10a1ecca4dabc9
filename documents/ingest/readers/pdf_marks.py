"""Rows of Arabic and Hebrew with vowel marks, as Skia (Chromium) writes them.

A letter with its mark is two glyphs there, and both meanings hang on the one of the mark, which
stands above or below the baseline: PDFium takes it for another line, and puts a space or the end of
a line where there is none. What one glyph means has one origin: here the glyphs of a row are put
back on it, by where they stand from left to right. The row's words are what its real spaces part;
those that PDFium made up have no width.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy

from documents.ingest.readers.pdf_calls import Array

# A mark hangs nearer to its baseline, in heights of a letter's box, than another row does.
NEAR = 0.45
# PDFium drops some spaces beside marks: glyphs so far apart, in the same measure, are of two words.
# A letter whose mark means it has no box, so this is a guess: four in five words come out whole.
GAP = 0.25


class Glyph(NamedTuple):
    """What one glyph means: the places of its characters, a letter before its marks."""

    places: list[int]
    x0: float
    x1: float


class Row(NamedTuple):
    """The words of a row from left to right, and how many of the lines it takes up."""

    words: list[list[Glyph]]
    lines: int


def row(text: str, lines: Sequence[range], boxes: Array, origins: Array) -> Row | None:
    """The row that begins with the first of these lines; None where all is as it should be."""
    if not any(_is_skias(text, line, origins) for line in lines[:3]):
        return None
    taken = list(lines[0])
    count = 1
    for line in lines[1:]:
        height = _height(boxes, [*taken, *line])
        apart = abs(_baseline(line, origins) - _baseline(taken, origins))
        if not len(line) or apart > NEAR * height:
            break
        taken += line
        count += 1
    if not any(_is_skias(text, line, origins) for line in lines[:count]):
        return None
    glyphs = _glyphs(text, taken, boxes, origins)
    spaces = [x for line in lines[:count] for x in _spaces(text, line, boxes, origins)] + _gaps(
        glyphs, GAP * _height(boxes, taken)
    )
    return Row(_parted(glyphs, sorted(spaces)), count)


def _height(boxes: Array, places: Sequence[int]) -> float:
    around = boxes[list(places)]
    return float((around[:, 1] - around[:, 3]).max(initial=0.0))


def _spaces(text: str, line: range, boxes: Array, origins: Array) -> Iterator[float]:
    """Where spaces stand that have a width, or part two runs on one baseline."""
    for place in line[1:-1]:
        before, after = place - 1, place + 1
        if not text[place].isspace():
            continue
        if boxes[place, 2] > boxes[place, 0]:
            yield float(boxes[place, 0] + boxes[place, 2]) / 2
        elif origins[before, 1] == origins[after, 1]:
            one, other = _run(text, line, before, -1), _run(text, line, after, 1)
            ends = sorted((boxes[one].tolist(), boxes[other].tolist()), key=lambda run: run[0][0])
            left, right = (numpy.array(run) for run in ends)
            if left[:, 2].max() <= right[:, 0].min() + 1:
                yield float(left[:, 2].max() + right[:, 0].min()) / 2


def _run(text: str, line: range, place: int, step: int) -> list[int]:
    """The places from here to the next space."""
    run = []
    while place in line and not text[place].isspace():
        run.append(place)
        place += step
    return run


def _gaps(glyphs: Sequence[Glyph], least: float) -> list[float]:
    """Where glyphs stand so far apart that a space was there: PDFium drops some."""
    return [one.x1 for one, other in pairwise(glyphs) if other.x0 - one.x1 > least]


def _is_mark(character: str) -> bool:
    return bool(unicodedata.combining(character))


def _is_skias(text: str, line: range, origins: Array) -> bool:
    """Whether some letter and its mark are one glyph."""
    return any(
        _is_mark(text[place]) != _is_mark(text[place + 1])
        and bool((origins[place] == origins[place + 1]).all())
        for place in line[:-1]
    )


def _baseline(places: Sequence[int], origins: Array) -> float:
    return float(numpy.median(origins[list(places), 1])) if len(places) else 0.0


def _glyphs(text: str, taken: list[int], boxes: Array, origins: Array) -> list[Glyph]:
    found: dict[tuple[float, float], list[int]] = {}
    for place in taken:
        if not text[place].isspace():
            found.setdefault((float(origins[place, 0]), float(origins[place, 1])), []).append(place)
    out = []
    for places in found.values():
        # Of a ligature, PDFium gives each letter its part; marks stand above or below them.
        ordered = sorted(places, key=lambda p: (_is_mark(text[p]), -float(boxes[p, 0])))
        around = boxes[places]
        out.append(Glyph(ordered, float(around[:, 0].min()), float(around[:, 2].max())))
    return sorted(out, key=lambda glyph: glyph.x0 + glyph.x1)


def _parted(glyphs: list[Glyph], spaces: list[float]) -> list[list[Glyph]]:
    words: list[list[Glyph]] = [[]]
    for glyph in glyphs:
        while spaces and (glyph.x0 + glyph.x1) / 2 > spaces[0]:
            spaces.pop(0)
            words.append([])
        words[-1].append(glyph)
    return [word for word in words if word]
