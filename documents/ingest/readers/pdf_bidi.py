"""Lines from right to left in the order in which they are read.

PDFium puts a line of Arabic or Hebrew back from how it stands to how it is read, but takes a word
whose last letter is written in a positional form for one from left to right, and so turns about
half of the Arabic words round. Where the letters stand is certain: here a line is taken as it
stands, from left to right, and put in reading order anew. This inverts rule L2 of Unicode's
bidirectional algorithm (UAX #9) for one paragraph of one direction with runs of the other in it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from documents.ingest.readers import pdf_marks
from documents.ingest.readers.pdf_calls import Array
from documents.ingest.readers.pdf_marks import Glyph

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
BREAKS = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]+")
BRACKETS = {"(": ")", "[": "]", "{": "}", "«": "»"}
MIRROR = BRACKETS | {closing: opening for opening, closing in BRACKETS.items()}
# So many lines of PDFium may be one row.
MOST_LINES = 40
LEFT, RIGHT, DIGIT, NEUTRAL = "LRD "


@dataclass(slots=True)
class Cluster:
    """A letter with its marks, or the letters of one ligature: what has one place on the page."""

    places: list[int]
    kind: str
    x0: float = 0.0
    x1: float = 0.0


@dataclass(slots=True)
class Word:
    clusters: list[Cluster] = field(default_factory=list)

    @property
    def x(self) -> float:
        return sum(c.x0 + c.x1 for c in self.clusters) / (2 * len(self.clusters))


def reading_order(text: str, boxes: Array, origins: Array | None = None) -> tuple[str, list[int]]:
    """(the text as it is read, where each of its characters stood in `text`; -1: a space).

    `boxes`: (n, 4) left, top, right, bottom of the characters in page space; `origins`: (n, 2)
    where their glyphs begin, for pages with vowel marks.
    """
    out: list[str] = []
    places: list[int] = []
    lines = _lines(text)
    number = 0
    while number < len(lines):
        row = None
        if origins is not None:
            row = pdf_marks.row(text, lines[number : number + MOST_LINES], boxes, origins)
        if row is None:
            _add_line(text, lines[number], boxes, out, places)
        else:
            words = [_made_word(text, word) for word in row.words]
            _add_words(text, words, out, places)
        number += row.lines if row else 1
        stop = lines[number - 1].stop
        after = lines[number].start if number < len(lines) else len(text)
        out += text[stop:after]
        places += range(stop, after)
    return "".join(out), places


def _lines(text: str) -> list[range]:
    ends = [match.span() for match in BREAKS.finditer(text)]
    starts = [0, *(end for _start, end in ends)]
    stops = [*(start for start, _end in ends), len(text)]
    return [range(start, stop) for start, stop in zip(starts, stops, strict=True)]


def _made_word(text: str, glyphs: Sequence[Glyph]) -> Word:
    word = Word([Cluster(g.places, _kind(text[g.places[0]]), g.x0, g.x1) for g in glyphs])
    _seat_marks(text, word)
    return word


def is_right_to_left(words: Sequence[str]) -> bool:
    """Whether most words of a page run that way."""
    if all(map(str.isascii, words)):
        return False
    return 2 * sum(RIGHT_TO_LEFT.search(word) is not None for word in words) > len(words)


def _add_line(text: str, line: range, boxes: Array, out: list[str], places: list[int]) -> None:
    if RIGHT_TO_LEFT.search(text, line.start, line.stop) is None:
        out += text[line.start : line.stop]
        places += line
        return
    words = _words(text, line, boxes)
    if _is_one_line(words, boxes):
        words.sort(key=lambda word: word.x)
    _add_words(text, words, out, places)


def _add_words(text: str, words: list[Word], out: list[str], places: list[int]) -> None:
    """Words as they stand from left to right, in the order in which they are read."""
    sides = ["".join(cluster.kind for cluster in word.clusters) for word in words]
    is_right = sum(RIGHT in side for side in sides) > sum(LEFT in side for side in sides)
    standing: list[Cluster] = []
    for word in words:
        if standing:
            standing.append(Cluster([-1], NEUTRAL))
        standing += sorted(word.clusters, key=lambda c: c.x0 + c.x1)
    read = _turn(standing, is_right)
    letters = _mirrored([text[place] if place >= 0 else " " for c in read for place in c.places])
    out += letters
    places += [place for cluster in read for place in cluster.places]


def _words(text: str, line: range, boxes: Array) -> list[Word]:
    """The line's words, each with its letters in clusters."""
    words = [Word()]
    for place in line:
        character = text[place]
        if character.isspace():
            words.append(Word())
            continue
        x0, x1 = float(boxes[place, 0]), float(boxes[place, 2])
        clusters = words[-1].clusters
        if clusters and (x0 == x1 or (x0, x1) == (clusters[-1].x0, clusters[-1].x1)):
            clusters[-1].places.append(place)
        else:
            clusters.append(Cluster([place], _kind(character), x0, x1))
    for word in words:
        _seat_marks(text, word)
    return [word for word in words if word.clusters]


def _seat_marks(text: str, word: Word) -> None:
    """Marks go after the letter above or below which they stand."""
    marks = [c for c in word.clusters if unicodedata.combining(text[c.places[0]])]
    letters = [c for c in word.clusters if c not in marks]
    if not marks or not letters:
        return
    for mark in marks:
        middle = (mark.x0 + mark.x1) / 2
        under = min(letters, key=lambda c: abs((c.x0 + c.x1) / 2 - middle))
        under.places += mark.places
    word.clusters = letters


def _kind(character: str) -> str:
    direction = unicodedata.bidirectional(character)
    if direction in {"R", "AL"}:
        return RIGHT
    if direction == "L":
        return LEFT
    return DIGIT if direction in {"EN", "AN"} else NEUTRAL


def _is_one_line(words: Sequence[Word], boxes: Array) -> bool:
    """Whether all words stand beside each other, as the rows of PDFium's text do as a rule."""
    heights = [boxes[word.clusters[0].places[0], [3, 1]].tolist() for word in words]
    return all(
        min(one[1], other[1]) - max(one[0], other[0])
        > 0.3 * min(one[1] - one[0], other[1] - other[0])
        for one, other in pairwise(heights)
    )


def _turn(standing: list[Cluster], is_right: bool) -> list[Cluster]:
    """The clusters as they are read in a line of the one or the other direction."""
    order = standing[::-1] if is_right else list(standing)
    turned = [is_right] * len(order)
    if not is_right:
        for start, end in _runs(order, RIGHT, {RIGHT, DIGIT}):
            order[start:end] = order[start:end][::-1]
            turned[start:end] = [True] * (end - start)
    # Numbers and foreign words within what was turned run from left to right all the same.
    for start, end in _runs(order, LEFT, {LEFT, DIGIT}):
        if turned[start]:
            order[start:end] = order[start:end][::-1]
            turned[start:end] = [False] * (end - start)
    return order


def _runs(order: Sequence[Cluster], kind: str, inside: set[str]) -> list[tuple[int, int]]:
    """(start, end) of what begins and ends with a letter of this kind or, from left to right, a
    number, with nothing of the other kind in it. A space parts a number from what follows it."""
    runs: list[tuple[int, int]] = []
    is_open = False
    for place, cluster in enumerate(order):
        if cluster.kind == kind or (kind == LEFT and cluster.kind == DIGIT):
            if is_open and not _is_parted(order[runs[-1][0] : place], kind):
                runs[-1] = (runs[-1][0], place + 1)
            else:
                runs.append((place, place + 1))
            is_open = True
        elif cluster.kind not in inside and cluster.kind != NEUTRAL:
            is_open = False
    return runs


def _is_parted(run: Sequence[Cluster], kind: str) -> bool:
    return (
        kind == LEFT
        and run[-1].kind == NEUTRAL
        and all(c.kind != LEFT for c in run)
        and any(c.places == [-1] for c in run)
    )


def _mirrored(letters: list[str]) -> list[str]:
    """With its brackets the other way round if they would close before they open."""
    brackets = [letter for letter in letters if letter in MIRROR]
    if not brackets or brackets[0] in BRACKETS or brackets[-1] not in BRACKETS:
        return letters
    return [MIRROR.get(letter, letter) for letter in letters]
