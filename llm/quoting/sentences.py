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
# Markdown: the sign of a heading or a quotation, and a row of a table with its outer bars.
SIGN = re.compile(r"\s*(?:#{1,6}\s+|>\s?)")
ROW = re.compile(r"\s*\|(.*)\|\s*$")
BLANK = re.compile(r"\n[^\S\n]*\n")
SPACES = re.compile(r"\s+")
WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """``start`` and ``end`` are offsets into the passage. ``whole`` tells a sentence from a
    heading, a row of a table or a piece that the passage's edge has cut; ``alone``, a heading or a
    row in Markdown, whose signs lie between it and its neighbours."""

    start: int
    end: int
    text: str
    whole: bool
    alone: bool = False


def split(passage: str) -> list[Sentence]:
    """The sentences in order; runs of white space in ``text`` are one space."""
    found = []
    for block_start, block_end in _blocks(passage):
        alone = _is_marked_up(_line_of(passage, block_start))
        for start, end in _within(passage, block_start, block_end):
            text = SPACES.sub(" ", passage[start:end]).strip()
            if WORD.search(text):
                found.append(Sentence(start, end, text, _is_whole(text), alone))
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
    return [_inside(passage, start, end) for start, end in blocks]


def _breaks(passage: str, block: tuple[int, int], start: int, end: int, width: int) -> bool:
    """Whether the line at ``start`` begins something new after ``block``."""
    if BLANK.search(passage, block[1], start):
        return True
    before = passage[block[0] : block[1]].rstrip()
    line = passage[start:end].lstrip()
    if ITEM.match(line) or _is_marked_up(line) or _is_marked_up(_line_of(passage, block[1] - 1)):
        return True
    if not line or before[-1:] in ",-–" or line[0].islower():
        return False
    last_line = before.rpartition("\n")[2]
    # A line that stops well before the margin was not wrapped: it was ended.
    return len(last_line) < 0.55 * width


def _inside(passage: str, start: int, end: int) -> tuple[int, int]:
    """The block without what marks it: a bullet, the sign of a heading, the bars of a row."""
    row = ROW.match(passage[start:end])
    if row:
        return start + row.start(1), start + row.end(1)
    marker = ITEM.match(passage, start) or SIGN.match(passage, start, end)
    return (marker.end() if marker else start), end


def _is_marked_up(line: str) -> bool:
    return bool(SIGN.match(line) or ROW.match(line))


def _line_of(passage: str, place: int) -> str:
    return passage[passage.rfind("\n", 0, place) + 1 :].partition("\n")[0]


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
