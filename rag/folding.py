"""Text as it is compared: what differs only in its dress is the same, and offsets lead back."""

import functools
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass

QUOTES = dict.fromkeys(map(ord, "‘’‚‛`´′"), "'") | dict.fromkeys(map(ord, "“”„‟«»″"), '"')
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−⁃"), "-")
SAME = {**QUOTES, **DASHES, ord("…"): "..."}
# Not seen on the page: soft hyphen, zero-width and direction characters.
UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufffe\x02")


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
    out: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character in UNSEEN:
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
