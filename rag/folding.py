"""Text as it is compared: what differs only in its dress is the same, and offsets lead back."""

import functools
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Set
from dataclasses import dataclass

QUOTES = dict.fromkeys(map(ord, "‘’‚‛`´′"), "'") | dict.fromkeys(map(ord, "“”„‟«»″"), '"')
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−⁃"), "-")
SAME = {**QUOTES, **DASHES, ord("…"): "..."}
# Not seen on the page: soft hyphen, zero-width and direction characters.
UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufffe\x02")

# Signs of Markdown that no reader sees (CommonMark 4.2, 4.8, 5.1, 5.2, 6.1, 6.3, 6.4, 2.4): at the
# beginning of a line; around words, in pairs on one line; around the words of a link, and its
# address; before a sign that is meant as such. The groups are what goes.
MARKDOWN = (
    re.compile(r"^[ \t]*((?:(?:>|#{1,6}|[-+*])[ \t]+)+)(?=\S)", re.M),
    re.compile(r"^[ \t]*((?:`{3,}|~{3,})[^`\n]*)$", re.M),
    re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])[^\n]{0,999}?(?<=[^\s*])(\1)(?![\w*])"),
    re.compile(r"(?<![\w_])(_{1,3})(?=[^\s_])[^\n]{0,999}?(?<=[^\s_])(\1)(?![\w_])"),
    re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]{1,999}(\1)(?!`)"),
    re.compile(r"(!?\[)[^\[\]\n]{1,999}(\]\([^()\s]{0,999}(?:\s\"[^\"\n]{0,200}\")?\))"),
    re.compile(r"(\\)(?=[!-/:-@\[-`{-~])"),
)


@dataclass(frozen=True)
class Folded:
    """`places[i]` is where in the original the folded character i comes from."""

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original of the folded characters start to end (end > start)."""
        return self.places[start], self.places[end - 1] + 1

    def at(self, offset: int) -> int:
        """The first folded character that comes from `offset` of the original or later."""
        return bisect_left(self.places, offset)


@functools.lru_cache(maxsize=256)
def fold(text: str) -> Folded:
    """Blind to case, runs of white space, kinds of quotes and dashes, ligatures, letters of full
    width, composed and decomposed accents, and to hyphens between letters.

    A hyphen goes with the line break after it, so `plan-\\nted`, `plan-ted` and `planted` are one
    word. Digits, signs and superscripts are left as they are: 10² is not 102.
    """
    return _fold(text, frozenset())


@functools.lru_cache(maxsize=64)
def fold_markdown(text: str) -> Folded | None:
    """As `fold`, without the signs of Markdown; None for a text that has none."""
    signs: set[int] = set()
    for pattern in MARKDOWN:
        for match in pattern.finditer(text):
            for group in range(1, pattern.groups + 1):
                signs.update(range(*match.span(group)))
    return _fold(text, signs) if signs else None


def _fold(text: str, left_out: Set[int]) -> Folded:
    out: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character in UNSEEN or place in left_out:
            continue
        if character.isspace():
            if out and out[-1] != " ":
                out.append(" ")
                places.append(place)
            continue
        for piece in _plain(character):
            out.append(piece)
            places.append(place)
    return _without_hyphens(out, places)


@functools.lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character.isascii():
        return "'" if character == "`" else character.lower()
    same = SAME.get(ord(character))
    if same is not None:
        return same
    # Ligatures and letters of full or half width; full NFKC would turn 10² into 102.
    code = ord(character)
    dressed = 0xF900 <= code <= 0xFFEF or 0x1D400 <= code <= 0x1D7FF
    return unicodedata.normalize("NFKD" if dressed else "NFD", character).casefold()


def _without_hyphens(out: list[str], places: list[int]) -> Folded:
    kept: list[str] = []
    kept_places: list[int] = []
    length, i = len(out), 0
    while i < length:
        if out[i] == "-" and kept and kept[-1].isalpha():
            after = i + 2 if i + 1 < length and out[i + 1] == " " else i + 1
            if after < length and out[after].isalpha() and (after == i + 1 or out[after].islower()):
                i = after
                continue
        kept.append(out[i])
        kept_places.append(places[i])
        i += 1
    if kept and kept[-1] == " ":
        kept.pop()
        kept_places.pop()
    return Folded("".join(kept), tuple(kept_places))
