"""Where sentences end, in Indonesian and English prose, lists and tables."""

import re
from collections.abc import Iterator

# An end mark, closing quotes or brackets, white space, then something that can start a sentence.
END = re.compile(r"""[.!?…]+["'”’)\]]*\s+(?=["'“‘(\[]*[A-Z0-9À-ÖØ-Þ•])|[。！？]|\n\s*\n""")
# A new line starts a new unit when it opens a list item or a heading of Markdown.
ITEM = re.compile(r"\n(?=\s*(?:[-*•▪◦‣–]|\d{1,3}[.)]|[a-z][.)]|#{1,6})\s)")
ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Z]|e\.g|i\.e|etc|cf|vs|al|Fig|Figs|Eq|Eqs|Sec|No|Nos|Vol|pp?|ed|eds|Dr|Mr|"
    r"Mrs|Ms|Prof|St|Jr|Sr|Inc|Ltd|Co|Corp|approx|dll|dsb|dst|hlm|hal|tgl|yth|Drs|Dra|Ir|jl|Jl|"
    r"bpk|Bpk|a\.n|s\.d|d\.a)\.\s*$"
)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Offsets (start, end) of sentences, list items and paragraphs, without white space around."""
    cuts = {match.end() for match in ITEM.finditer(text)}
    for match in END.finditer(text):
        if text[match.start()] != "." or not _abbreviated(text, match.start()):
            cuts.add(match.end())
    start = 0
    for cut in sorted(cuts | {len(text)}):
        trimmed = _trim(text, start, cut)
        if trimmed[0] < trimmed[1]:
            yield trimmed
        start = cut


def _abbreviated(text: str, dot: int) -> bool:
    return ABBREVIATION.search(text, max(0, dot - 12), dot + 1) is not None


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def pieces(text: str, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """A span cut into parts of at most `size` characters: at lines, else words, else anywhere."""
    while end - start > size:
        cut = text.rfind("\n", start + size // 2, start + size)
        if cut < 0:
            cut = text.rfind(" ", start + size // 2, start + size)
        if cut < 0:
            cut = start + size
        first, last = _trim(text, start, cut)
        if first < last:
            yield first, last
        start = cut
    first, last = _trim(text, start, end)
    if first < last:
        yield first, last
