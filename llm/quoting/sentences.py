"""Sentences of a passage as it stands on a PDF's page: wrapped lines, lists, tables, headings."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What follows a full stop without beginning a sentence, and what a full stop follows without
# ending one: abbreviations of English and Indonesian prose, titles and references.
ABBREVIATIONS = frozenset(
    "dr prof mr mrs ms st jr sr vs etc fig figs tab eq eqs no vol pp p ch sec ed eds al e.g "
    "i.e cf approx ca inc ltd co corp dept u.s u.k a.m p.m jan feb mar apr jun jul aug sep "
    "sept oct nov dec h hj ir drs dra tn ny jl kec kab hlm hal dll dsb dst dkk tgl thn s.d "
    "a.n d.h yth gg s.pd m.pd s.h m.h s.e m.m m.sc b.sc ph.d s.si m.si".split()
)
ENDS = re.compile(r"[.!?…。]+[\"”’»)\]]*(?=\s)")
ITEM = re.compile(r"(?:[•●▪◦‣■□○*·–—-]|\(?[0-9]{1,2}[.)]|\(?[a-zA-Z][.)])\s+")
BLANK = re.compile(r"\n[^\S\n]*\n")
SPACES = re.compile(r"\s+")
WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """``start`` and ``end`` are offsets into the passage. ``whole`` tells a sentence from a
    heading, a row of a table or a piece that the passage's edge has cut."""

    start: int
    end: int
    text: str
    whole: bool


def split(passage: str) -> list[Sentence]:
    """The sentences in order; runs of white space in ``text`` are one space."""
    found = []
    for block_start, block_end in _blocks(passage):
        for start, end in _within(passage, block_start, block_end):
            text = SPACES.sub(" ", passage[start:end]).strip()
            if WORD.search(text):
                found.append(Sentence(start, end, text, _is_whole(text)))
    return found


def _is_whole(text: str) -> bool:
    starts = text.lstrip("\"'“‘«([")[:1]
    return text.rstrip("\"'”’»)]")[-1:] in ".!?…。" and not starts.islower()


def _blocks(passage: str) -> list[tuple[int, int]]:
    """Stretches that belong together: a paragraph, an item of a list, a row of a table."""
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", passage)]
    width = max((end - start for start, end in lines), default=0)
    blocks: list[tuple[int, int]] = []
    for start, end in lines:
        if blocks and not _breaks(passage, blocks[-1], start, end, width):
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((start, end))
    return [(_after_marker(passage, start), end) for start, end in blocks]


def _breaks(passage: str, block: tuple[int, int], start: int, end: int, width: int) -> bool:
    """Whether the line at ``start`` begins something new after ``block``."""
    if BLANK.search(passage, block[1], start):
        return True
    before = passage[block[0] : block[1]].rstrip()
    line = passage[start:end].lstrip()
    if ITEM.match(line):
        return True
    if not line or before[-1:] in ",-–" or line[0].islower():
        return False
    last_line = before.rpartition("\n")[2]
    # A line that stops well before the margin was not wrapped: it was ended.
    return len(last_line) < 0.55 * width


def _after_marker(passage: str, start: int) -> int:
    marker = ITEM.match(passage, start)
    return marker.end() if marker else start


def _within(passage: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    for stop in ENDS.finditer(passage, start, end):
        if _ends_sentence(passage, start, stop, end):
            spans.append((start, stop.end()))
            start = stop.end()
            while start < end and passage[start].isspace():
                start += 1
    if start < end:
        spans.append((start, end))
    return spans


def _ends_sentence(passage: str, start: int, stop: re.Match[str], end: int) -> bool:
    following = passage[stop.end() : end].lstrip()[:1]
    if following.islower():
        return False
    if stop.group().startswith((".",)) and not stop.group().startswith(".."):
        before = passage[start : stop.start()].rsplit(None, 1)[-1:]
        word = before[0].lstrip("([\"'“") if before else ""
        if word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
            return False
        # "1. Introduction": a number alone is a marker, not a sentence.
        return bool(WORD.search(passage[start : stop.start()]))
    return True
