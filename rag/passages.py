"""Which words of a passage bear out a sentence of the answer, and are its quotations true."""

import re
from dataclasses import dataclass

from documents.lexical import query_terms

MARK = re.compile(r"\[(\d{1,3})\]")
QUOTATION = re.compile(r"[\"“«„]([^\"“”«»„]{12,600})[\"”»“]")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»)\]]*\s+|\n+")
SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Span:
    """Character offsets into the passage, and whether every quotation was found there."""

    start: int
    end: int
    verified: bool


def claims(answer: str) -> dict[int, str]:
    """number → the text that carries the mark: its sentence, or the words before it."""
    found: dict[int, str] = {}
    for line in answer.splitlines():
        position = 0
        for mark in MARK.finditer(line):
            before = line[position : mark.start()]
            parts = [part for part in SENTENCE_END.split(before) if MARK.sub("", part).strip()]
            claim = parts[-1] if parts else found.get(_previous(line, mark.start()), "")
            quotes = QUOTATION.findall(before)
            if quotes and not QUOTATION.search(claim):
                claim = f'"{quotes[-1]}" {claim}'
            number = int(mark.group(1))
            found[number] = f"{found[number]} {claim}".strip() if number in found else claim
            position = mark.end() if MARK.match(line, mark.end()) is None else position
    return found


def _previous(line: str, end: int) -> int:
    marks = MARK.findall(line[:end])
    return int(marks[-1]) if marks else 0


def locate(passage: str, claim: str) -> Span:
    """Where in `passage` the claim stands: its quotations, else the sentences nearest to it."""
    quotations = QUOTATION.findall(claim)
    spans = [find_text(passage, MARK.sub("", quotation)) for quotation in quotations]
    found = [span for span in spans if span is not None]
    verified = len(found) == len(spans)
    if found:
        return Span(min(s for s, _ in found), max(e for _, e in found), verified)
    start, end = _nearest(passage, claim)
    return Span(start, end, verified)


def find_text(passage: str, quotation: str) -> tuple[int, int] | None:
    """Offsets of a quotation, blind to case, runs of white space and the dots that shorten it."""
    words = [re.escape(word) for word in SPACES.split(quotation.strip(" .…")) if word]
    if not words:
        return None
    match = re.search(r"\s+".join(words), passage, re.IGNORECASE)
    return (match.start(), match.end()) if match else None


def sentences(passage: str) -> list[tuple[int, int]]:
    """Offsets of the sentences of a passage, blanks around them left out."""
    spans, start = [], 0
    ends = [m.start() for m in re.finditer(r"(?<=[.!?…])\s+", passage)] + [len(passage)]
    for end in ends:
        piece = passage[start:end]
        left = len(piece) - len(piece.lstrip())
        if piece.strip():
            spans.append((start + left, start + len(piece.rstrip())))
        start = end
    return spans


def _nearest(passage: str, claim: str) -> tuple[int, int]:
    wanted = set(query_terms(claim))
    spans = sentences(passage)
    if not wanted or not spans:
        return 0, len(passage)
    scores = [len(wanted & set(query_terms(passage[s:e]))) for s, e in spans]
    best = max(scores)
    if not best:
        return 0, len(passage)
    chosen = [span for span, score in zip(spans, scores, strict=True) if score * 2 > best]
    # A highlight is one stretch of text; scattered sentences would mark nearly everything.
    first = scores.index(best)
    start, end = spans[first]
    for span in chosen:
        if span[0] - end < 3 and span[0] > start:
            end = span[1]
    return start, end
