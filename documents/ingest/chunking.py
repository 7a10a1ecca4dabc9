"""Pages to passages of at most 800 characters or so: whole sentences, never across a page.

The local embedder, which sees 256 tokens, can take in so much; smaller passages cost more headers
and find no more. Nothing is said in two of them, for every word has to be embedded: what stands
before and after a passage is shown with it (rag.sources).
"""

import bisect
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.words import WORD
from documents.ingest import headings, sentences
from documents.ingest.frames import PageText

TARGET = 800
LONGEST = 1000
# What is left at the end of a page joins the passage before it.
SMALLEST = 120
# A table or a row up to this length is one passage; a longer one is cut between its rows.
WHOLE = 1000
LONGEST_HEADING = 300


@dataclass(frozen=True)
class Draft:
    """A passage before it is stored; `text` is the page's text from start to end."""

    ordinal: int
    page: int
    start: int
    end: int
    heading: str
    text: str
    word_count: int


def chunk(pages: Iterable[PageText], kind: str) -> Iterator[Draft]:
    """Passages in reading order, ordinals from 0."""
    markdown = headings.MarkdownPath() if kind == "markdown" else None
    page_headings = headings.PageHeadings()
    ordinal = 0
    for page in pages:
        text = page.text
        path = list(page.headings)
        if not path:
            path = markdown.along(text) if markdown else [(0, page_headings.of(text))]
        starts = [offset for offset, _heading in path]
        for start, end in _pack(_units(page, starts[1:])):
            words = len(WORD.findall(text[start:end]))
            if not words:
                continue
            heading = path[bisect.bisect_right(starts, start) - 1][1]
            heading = beside(heading, _columns(page.blocks, start))[:LONGEST_HEADING]
            yield Draft(ordinal, page.number, start, end, heading, text[start:end], words)
            ordinal += 1


def beside(*parts: str) -> str:
    """What is there of these, as one line."""
    return " | ".join(filter(None, parts))


def _columns(blocks: tuple[tuple[int, int, str], ...], place: int) -> str:
    """The column names of the table that was cut at `place`: the passage does not show them."""
    at = bisect.bisect_left(blocks, (place,)) - 1
    return blocks[at][2] if at >= 0 and place < blocks[at][1] else ""


def _units(page: PageText, breaks: list[int]) -> Iterator[tuple[int, int, bool]]:
    """(start, end, opens): what is not cut again; `opens` begins a new section."""
    for first, last, size in _wholes(page, breaks):
        for start, end in sentences.pieces(page.text, first, last, size):
            at = bisect.bisect_left(breaks, first)
            opens = start == first and at < len(breaks) and breaks[at] < last
            yield start, end, opens


def _wholes(page: PageText, breaks: list[int]) -> Iterator[tuple[int, int, int]]:
    """(start, end, size of the pieces if it is longer) of sentences and blocks in order."""
    position, end_of_text = page.body or (0, len(page.text))
    for start, end, _header in (*page.blocks, (end_of_text, end_of_text, "")):
        for first, last in _sentences(page.text, position, start, breaks):
            yield first, last, TARGET
        if start < end:
            yield start, end, WHOLE if end - start <= WHOLE else TARGET
        position = end


def _sentences(text: str, start: int, end: int, breaks: list[int]) -> Iterator[tuple[int, int]]:
    """A heading begins a sentence, whatever stands before it."""
    places = breaks[bisect.bisect_right(breaks, start) : bisect.bisect_left(breaks, end)]
    for low, high in itertools.pairwise([start, *places, end]):
        for first, last in sentences.spans(text[low:high]):
            yield first + low, last + low


def _pack(units: Iterable[tuple[int, int, bool]]) -> Iterator[tuple[int, int]]:
    """Spans of neighbouring units, filled up to TARGET characters."""
    done: list[tuple[int, int]] = []
    current: list[tuple[int, int]] = []
    sealed = 0
    for start, end, opens in units:
        if opens and current:
            done.append((current[0][0], current[-1][1]))
            current, sealed = [], len(done)
        if current and end - current[0][0] > TARGET:
            done.append((current[0][0], current[-1][1]))
            current = []
        current.append((start, end))
    if current:
        span = (current[0][0], current[-1][1])
        small = span[1] - span[0] < SMALLEST and len(done) > sealed
        if small and span[1] - done[-1][0] <= LONGEST:
            done[-1] = (done[-1][0], span[1])
        else:
            done.append(span)
    yield from done
