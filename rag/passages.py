"""Which words of an answer a mark stands for, and which words of a passage bear them out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from documents.lexical import query_terms

MARK = re.compile(r"\[(\d{1,3})\]")
GROUP = re.compile(r"\[\d{1,3}\](?:\s?\[\d{1,3}\])*")
QUOTATION = re.compile(r"[\"“”«„]([^\"“”«»„]{12,1200})[\"”»“]")
BLOCK_QUOTE = re.compile(r"\s*>\s?(.*)")
FENCE = re.compile(r"\s*(`{3,}|~{3,})")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»)\]]*\s+")
# Dressing at the beginning of a line: a bullet, a number, a heading, a table's edge.
LEAD = re.compile(r"^\s*(?:[-*+•|]|\d+[.)]|#+)\s+")


@dataclass(frozen=True)
class Claim:
    """What one group of marks, such as `[1][2]`, stands for: its sentence and the quotations."""

    numbers: tuple[int, ...]
    text: str
    quotations: tuple[str, ...]


def claims(answer: str) -> list[Claim]:
    """One for each group of marks outside code, in the order of the answer."""
    return [claim for line in _lines(answer) for claim in _claims_of(line)]


def _lines(answer: str) -> Iterator[str]:
    fence, quoted = "", ""
    for line in answer.splitlines():
        edge = FENCE.match(line)
        if edge and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else edge.group(1)
        elif not fence:
            block = BLOCK_QUOTE.match(line)
            if block:
                quoted = f"{quoted} {block.group(1)}".strip()
                continue
            if quoted:
                yield from _quoted(quoted, line)
                quoted = ""
            yield line
    if quoted:
        yield from _quoted(quoted, "")


def _quoted(block: str, after: str) -> Iterator[str]:
    """A block quotation as one line: a quotation, its marks, or those of the line below."""
    if QUOTATION.search(block):
        yield block
        return
    words = MARK.sub("", block).strip().replace('"', "'")
    marks = GROUP.findall(block) or GROUP.findall(after)[:1]
    yield f'"{words}" {"".join(marks)}'


def _claims_of(line: str) -> list[Claim]:
    groups = list(GROUP.finditer(line))
    if not groups:
        return []
    quotations = list(QUOTATION.finditer(line))
    owners = [_owner(line, quotation, groups) for quotation in quotations]
    out, before = [], ""
    for place, group in enumerate(groups):
        mine = [q.group(1) for q, o in zip(quotations, owners, strict=True) if o == place]
        start = groups[place - 1].end() if place else 0
        text = _sentence(line, start, group.start()) or before
        before = text
        numbers = tuple(int(n) for n in MARK.findall(group.group()))
        out.append(Claim(numbers, text, tuple(MARK.sub("", q).strip() for q in mine)))
    return out


def _owner(line: str, quotation: re.Match[str], groups: Sequence[re.Match[str]]) -> int | None:
    """The marks of a quotation: those after it in its sentence, else those before it there."""
    for place, group in enumerate(groups):
        if group.start() >= quotation.end():
            if not _ends_between(line[quotation.end() : group.start()]):
                return place
            break
    for place in range(len(groups) - 1, -1, -1):
        if groups[place].end() <= quotation.start():
            between = line[groups[place].end() : quotation.start()]
            return None if _ends_between(between) else place
    return None


def _ends_between(text: str) -> bool:
    return SENTENCE_END.search(text) is not None


def _sentence(line: str, start: int, end: int) -> str:
    """The words between two marks, from the last end of a sentence outside quotations."""
    begin = start
    quoted = [(q.start(), q.end()) for q in QUOTATION.finditer(line)]
    for edge in SENTENCE_END.finditer(line, start, end):
        inside = any(s < edge.end() < e for s, e in quoted)
        if not inside and line[edge.end() : end].strip(" .,;:"):
            begin = edge.end()
    return LEAD.sub("", line[begin:end]).strip(" .,;:")


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


def nearest(passage: str, claim: str) -> tuple[int, int]:
    """Offsets of the sentences that share most words with the claim; all of it when none do."""
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
