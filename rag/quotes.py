"""Does a quotation stand on a page, word for word?

Exact: the same after `rag.folding.fold`, with or without the signs of Markdown. Close: Smith and
Waterman's local alignment (1981) over words, where nine in ten words are the same and no number
and no word of negation differs: it forgives what reading a PDF does to a text (a glued or a
misread word), not another meaning.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import blake2b
from typing import Any

from rag.folding import Folded, fold, fold_markdown

EXACT, CLOSE, MISSING = "exact", "close", "missing"
CLOSE_SHARE = 0.9
# Where a quotation leaves words out, and what its writer put in: "[the leaf]".
GAP = re.compile(r"\s*(?:\[[^\]\d]{0,60}\]|\.\.\.|…)\s*")
LONGEST_GAP = 1000
DRESS = re.compile(r"[*`\\]")
# A number goes on at a dot or a comma: "5 percent" is not in "1.5 percent".
WORD = re.compile(r"(?:(?<!\w)[-+])?\d+(?:[.,]\d+)*|[^\W\d_]+")
SIGNS = "-+$€£%"
FEWEST_WORDS, MOST_WORDS = 6, 250
NEGATIONS = frozenset(
    "not no never none nor neither without except unless cannot dont doesnt isnt arent wasnt "
    "werent wont cant tidak tak bukan tanpa jangan belum kecuali nggak tiada".split()
)


@dataclass(frozen=True)
class Found:
    """Character offsets into the page's text; `match` is EXACT or CLOSE."""

    start: int
    end: int
    match: str


def find_quote(page: str, quotation: str, near: int = 0) -> Found | None:
    """Where the quotation stands on the page, next to the offset `near` if it does so twice."""
    return find_exact(page, quotation, near) or find_close(page, quotation)


def find_exact(page: str, quotation: str, near: int = 0) -> Found | None:
    plain = DRESS.sub("", quotation)
    # The page may have brackets, dots and stars of its own.
    ways = ([_trimmed(quotation)], [_trimmed(plain)], _parts(plain))
    seen = (fold(page), fold_markdown(page))
    tries = (_find_parts(where, way, near) for where in seen if where for way in ways)
    return next(filter(None, tries), None)


def _find_parts(where: Folded, parts: Sequence[str], near: int) -> Found | None:
    if not parts or not WORD.search(parts[0]):
        return None
    firsts = list(_occurrences(where.text, parts[0]))
    firsts.sort(key=lambda start: abs(where.places[start] - near))
    for first in firsts:
        end: int | None = first + len(parts[0])
        for part in parts[1:]:
            end = _next(where.text, part, end) if end is not None else None
        if end is not None:
            return Found(*where.span(first, end), EXACT)
    return None


def digest(words: str) -> str:
    """A hash of words as they are compared: the same after a page was read anew."""
    return blake2b(fold(words).text.encode(), digest_size=16).hexdigest()


def _parts(quotation: str) -> list[str]:
    """The folded stretches between gaps; single words with gaps between them quote nothing."""
    pieces = [_trimmed(piece) for piece in GAP.split(quotation)]
    pieces = [piece for piece in pieces if WORD.search(piece)]
    several = any(len(WORD.findall(piece)) > 1 for piece in pieces)
    return pieces if several or len(pieces) == 1 else []


def _trimmed(piece: str) -> str:
    return fold(piece).text.strip(" .,;:!?'\"")


def _occurrences(text: str, part: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        if _is_whole(text, start, start + len(part)):
            yield start
        start = text.find(part, start + 1)


def _next(text: str, part: str, after: int) -> int | None:
    """The end of the next occurrence of `part`, if it is not far away."""
    for start in _occurrences(text[: after + LONGEST_GAP + len(part)], part):
        if start >= after:
            return start + len(part)
    return None


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether neither end cuts a word or a number in two."""
    before, first = text[start - 1 : start], text[start]
    last, after = text[end - 1], text[end : end + 1]
    if (first.isalnum() and before.isalnum()) or (last.isalnum() and after.isalnum()):
        return False
    if first.isdigit() and before:
        if before in ".," and text[start - 2 : start - 1].isdigit():
            return False
        if before in SIGNS and not text[max(0, start - 2) : start - 1].isalnum():
            return before not in "-+"
    return not (last.isdigit() and after in (".", ",") and text[end + 1 : end + 2].isdigit())


def find_close(page: str, quotation: str) -> Found | None:
    """The stretch of the page that the quotation nearly is; see the rule above."""
    where = fold(page)
    quoted = [word for word, _, _ in _words(fold(DRESS.sub("", quotation)))][:MOST_WORDS]
    if len(quoted) < FEWEST_WORDS:
        return None
    standing = _likely(_words(where), quoted)
    best = _align([word for word, _, _ in standing], quoted)
    if best is None:
        return None
    pairs, first, last = best
    on_page = [word for word, _, _ in standing[first : last + 1]]
    if not _same_meaning(quoted, on_page, pairs):
        return None
    return Found(*where.span(standing[first][1], standing[last][2]), CLOSE)


def _likely(standing: list[tuple[str, int, int]], quoted: Sequence[str]) -> Any:
    """The stretch of the page that shares most words: aligning a whole page takes long."""
    width, wanted = len(quoted) * 3 // 2 + 8, set(quoted)
    shared = [int(word in wanted) for word, _, _ in standing]
    best = count = sum(shared[:width])
    start = 0
    for i in range(width, len(shared)):
        count += shared[i] - shared[i - width]
        if count > best:
            best, start = count, i - width + 1
    return standing[start : start + width] if best * 3 >= len(quoted) * 2 else []


def _words(text: Folded) -> list[tuple[str, int, int]]:
    return [(m.group(), m.start(), m.end()) for m in WORD.finditer(text.text)]


def _same_meaning(quoted: Sequence[str], on_page: Sequence[str], pairs: int) -> bool:
    if pairs < CLOSE_SHARE * max(len(quoted), len(on_page)):
        return False

    def telling(words: Sequence[str]) -> list[str]:
        return [word for word in words if word[-1].isdigit() or word in NEGATIONS]

    return telling(quoted) == telling(on_page)


def _align(page: Sequence[str], quoted: Sequence[str]) -> tuple[int, int, int] | None:
    """(words that agree, first and last word on the page) of the best local alignment."""
    width = len(page)
    # A cell: (score, words that agree, where on the page it began).
    above: list[tuple[int, int, int]] = [(0, 0, i) for i in range(width + 1)]
    best, best_end = (0, 0, 0), -1
    for word in quoted:
        row: list[tuple[int, int, int]] = [(0, 0, 0)]
        for i in range(width):
            score, pairs, began = above[i]
            if page[i] == word or _alike(page[i], word):
                cell = (score + 2, pairs + 1, began if score else i)
            else:
                cell = (score - 1, pairs, began)
            up, left = above[i + 1], row[i]
            if up[0] - 1 > cell[0]:
                cell = (up[0] - 1, up[1], up[2])
            if left[0] - 1 > cell[0]:
                cell = (left[0] - 1, left[1], left[2])
            row.append(cell if cell[0] > 0 else (0, 0, i + 1))
            if cell[0] > best[0]:
                best, best_end = cell, i
        above = row
    return (best[1], best[2], best_end) if best_end >= 0 else None


def _alike(one: str, other: str) -> bool:
    """A misread letter in a long word; never in a number."""
    if len(one) < 6 or abs(len(one) - len(other)) > 1 or one[0].isdigit() or one[0] != other[0]:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.85
