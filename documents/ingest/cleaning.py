"""Text as it will be shown, cited and searched: no invisible characters, words whole again."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

# Control, zero-width, bidi and tag characters: nobody sees them, but a model reads them, which
# makes them a place to hide instructions.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Only what is the same letter in another dress. Full NFKC would turn 10² into 102.
DRESSED = re.compile(
    "[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufdff\ufe70-\ufefc\uff01-\uff9f\uffe0-\uffe6"
    "\U0001d400-\U0001d7ff]+"
)
SPACES = re.compile(r"[^\S\n]+")
BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# A run without spaces is cut at 48 characters: Chinese and Japanese lines are one such run, and
# a box should mark less than a line. PDFium writes U+FFFE (formerly U+0002) for a line's hyphen.
TOKEN = re.compile(r"(?P<word>[^\s\ufffe\x02]{1,48})|(?P<hyphen>[\ufffe\x02]\s*)|(?P<space>\s+)")
HYPHENS = "-\u00ad\u2010"


def plain(text: str) -> str:
    """One piece of text without invisible characters, letters in their usual form."""
    text = INVISIBLE.sub("", text)
    if text.isascii():
        return text
    text = DRESSED.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text)
    return unicodedata.normalize("NFC", text)


def plain_lines(text: str) -> str:
    """As `plain`, for whole texts: line ends become \\n, soft hyphens go, layout stays."""
    return plain(BREAKS.sub("\n", text)).replace("\u00ad", "")


@dataclass
class Assembler:
    """Builds a page's text word by word and tells where each word came to stand."""

    # Words met so far in the document: they decide whether a hyphen at a line's end stays.
    seen: set[str] = field(default_factory=set)

    def assemble(self, raw: str) -> tuple[str, list[tuple[int, int, int, int]]]:
        """(text, [(start, end, first, last)]): offsets into text, raw indices of the word."""
        parts: list[str] = []
        words: list[tuple[int, int, int, int]] = []
        position, gap = 0, ""
        for kind, token, index in _tokens(raw):
            if kind != "word":
                gap = "hyphen" if kind == "hyphen" or gap == "hyphen" else token
                continue
            word = plain(token)
            if not word:
                continue
            if parts:
                separator = self._separator(parts, word, gap)
                if separator is None:
                    # The hyphen was the printer's: take it back from the word before.
                    parts[-1] = parts[-1][:-1]
                    position -= 1
                    start, end, first, last = words[-1]
                    words[-1] = (start, end - 1, first, last)
                    separator = ""
                parts.append(separator)
                position += len(separator)
            parts.append(word)
            words.append((position, position + len(word), index, index + len(token) - 1))
            position += len(word)
            self.seen.add(word.strip(".,;:()[]\"'").lower())
            gap = ""
        return "".join(parts), words

    def _separator(self, parts: list[str], word: str, gap: str) -> str | None:
        """What goes between two words; None: nothing, and the first loses its hyphen."""
        if gap == "hyphen":
            return "" if self._joins(parts[-1], word) else "-"
        if "\n" not in gap and "\r" not in gap:
            return " " if gap else ""
        before = parts[-1]
        hyphened = len(before) > 1 and before[-1] in HYPHENS and before[-2].isalpha()
        if hyphened and word[0].islower():
            return None if self._joins(before[:-1], word) else ""
        return "\n"

    def _joins(self, before: str, after: str) -> bool:
        """Whether two halves at a line's end are one word rather than a compound with a hyphen."""
        head, tail = before.lower(), after.strip(".,;:()[]\"'").lower()
        letters = before[-1:].isalpha() and not any(map(str.isdigit, before))
        if not (letters and after[:1].islower()) or "-" in tail:
            return False
        if head + tail in self.seen:
            return True
        if f"{head}-{tail}" in self.seen:
            return False
        return not (len(head) > 2 and len(tail) > 2 and {head, tail} <= self.seen)


def _tokens(raw: str) -> Iterator[tuple[str, str, int]]:
    for match in TOKEN.finditer(raw):
        yield str(match.lastgroup), match.group(), match.start()


def has_words(text: str) -> bool:
    """Whether there is anything to read: one letter or digit is enough."""
    return any(map(str.isalnum, text))
