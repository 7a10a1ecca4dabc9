"""Text as it will be shown, cited and searched: no invisible characters, words whole again."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# Control, zero-width, bidi and tag characters: nobody sees them, but a model reads them, which
# makes them a place to hide instructions.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Joiners part a Persian word and shape the letters of India and the archipelago. Between two such
# letters they belong to the spelling; anywhere else they are as invisible as the rest.
JOINED = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1b00-\u1b7f\ua980-\ua9df"
STRAY = re.compile(f"(?<![{JOINED}])[\u200c\u200d]+|[\u200c\u200d]+(?![{JOINED}\u200c\u200d])")
# Only what is the same letter in another dress. Full NFKC would turn 10² into 102, and the
# punctuation of Chinese into that of English.
DRESSED = re.compile(
    "[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufdff\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9f\uffe0-\uffe6"
    "\U0001d400-\U0001d7ff]+"
)
# 10<sup>2</sup> is not 102. Lowered numbers stay as they are: people look for CO2.
RAISED = re.compile(r"[+\-−]?\d+")
RAISING = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
SPACES = re.compile(r"[^\S\n]+")
BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# A run without spaces is cut at 48 characters: Chinese and Japanese lines are one such run, and
# a box should mark less than a line. PDFium writes U+FFFE (formerly U+0002) for a line's hyphen.
TOKEN = re.compile(r"(?P<word>[^\s\ufffe\x02]{1,48})|(?P<hyphen>[\ufffe\x02]\s*)|(?P<space>\s+)")
HYPHENS = "-\u00ad\u2010"


def visible(text: str) -> str:
    """Without what nobody sees."""
    text = INVISIBLE.sub("", text)
    return STRAY.sub("", text) if "\u200c" in text or "\u200d" in text else text


def plain(text: str) -> str:
    """One piece of text without invisible characters, letters in their usual form."""
    text = visible(text)
    if text.isascii():
        return text
    text = DRESSED.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text)
    return unicodedata.normalize("NFC", text)


def raised(text: str) -> str:
    """What a file sets as superscript: numbers in raised figures, all else as it is."""
    return text.translate(RAISING) if RAISED.fullmatch(text.strip()) else text


def plain_word(word: str) -> str:
    """As `plain`; a soft hyphen within the word goes, one at its end tells that it is cut."""
    return plain(word[:-1].replace("\u00ad", "") + word[-1:])


def plain_lines(text: str) -> str:
    """As `plain`, for whole texts: line ends become \\n, soft hyphens go, layout stays."""
    return plain(BREAKS.sub("\n", text)).replace("\u00ad", "")


# First halves of compounds that keep their hyphen, and second halves that no word ends in.
HEADS = frozenset(
    "all anti best camera cross deep double fine first five four full half hard high in ill inter "
    "large left long low mid multi near non off on one open out over peer post pre pro quasi real "
    "right second self semi short single small soft so state sub ten third three time top two un "
    "up user well wide world year antar pasca pra".split()
)
TAILS = frozenset(
    "aged agnostic art aware based bearing centered centric coded dependent dimensional driven "
    "efficient evident footed free friendly generated independent intensive invariant known led "
    "level linear looking made minded negative oriented owned party positive powered quality "
    "ready related rich scale sensitive shot sized specific stage step style supervised term the "
    "tuned type year".split()
)
# Glued to the word before them, so a hyphen there was the printer's.
JOINED_HEADS = frozenset("anti in inter mid on out over post pre pro semi sub un up".split())
WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# How many words are known as they stood, punctuation and all.
MOST_KEPT = 20_000
EDGES = ".,;:()[]\"'“”‘’"


class Hyphens:
    """Whether a hyphen at a line's end belongs to the word, by the words of the document."""

    def __init__(self, seen: set[str] | None = None) -> None:
        self._seen = set() if seen is None else seen
        # Words as they stood on the last pages, which most of the next one's are too.
        self._last: set[str] = set()

    def learn(self, words: Sequence[str]) -> None:
        """Whole words of a page, without those that a line's end cut in two."""
        new = set(words) - self._last
        self._seen.update(WORDS.findall(" ".join(new).lower()))
        if len(self._last) > MOST_KEPT:
            self._last.clear()
        self._last |= new

    def is_parted(self, last: str, first: str) -> bool:
        """Whether a line ends in a hyphen and the next one goes on with the word."""
        return len(last) > 1 and last[-1] in HYPHENS and last[-2].isalpha() and first[0].islower()

    def joins(self, before: str, after: str) -> bool:
        """Whether two halves at a line's end are one word rather than a compound with a hyphen."""
        head = before.lower().rpartition("-")[2].lstrip(EDGES)
        tail = after.strip(EDGES).lower()
        letters = before[-1:].isalpha() and not any(map(str.isdigit, before))
        if not (letters and after[:1].islower()) or _is_doubled(head, tail):
            return False
        tail = tail.partition("-")[0]
        if head + tail in self._seen:
            return True
        if f"{head}-{tail}" in self._seen:
            return False
        compound = "-" in before.strip(HYPHENS)
        if (tail in TAILS or compound) and (head in self._seen or head in HEADS):
            return False
        if head in HEADS:
            return head in JOINED_HEADS or tail not in self._seen
        return not (len(head) > 2 and len(tail) > 2 and {head, tail} <= self._seen)


def _is_doubled(head: str, tail: str) -> bool:
    """Indonesian reduplication: anak-anak, berlari-lari, buku-bukunya, kehijau-hijauan."""
    return len(head) > 2 and (
        tail.startswith(head) or (len(tail) > 3 and head.endswith(tail[: max(4, len(tail) - 3)]))
    )


@dataclass
class Assembler:
    """Builds a page's text word by word and tells where each word came to stand."""

    hyphens: Hyphens = field(default_factory=Hyphens)

    def assemble(self, raw: str) -> tuple[str, list[tuple[int, int, int, int]]]:
        """(text, [(start, end, first, last)]): offsets into text, raw indices of the word."""
        parts: list[str] = []
        words: list[tuple[int, int, int, int]] = []
        position, gap = 0, ""
        for kind, token, index in _tokens(raw):
            if kind != "word":
                gap = "hyphen" if kind == "hyphen" or gap == "hyphen" else token
                continue
            word = plain_word(token)
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
            self.hyphens.learn([word])
            gap = ""
        return "".join(parts), words

    def _separator(self, parts: list[str], word: str, gap: str) -> str | None:
        """What goes between two words; None: nothing, and the first loses its hyphen."""
        if gap == "hyphen":
            return "" if self.hyphens.joins(parts[-1], word) else "-"
        if "\n" not in gap and "\r" not in gap:
            return " " if gap else ""
        if self.hyphens.is_parted(parts[-1], word):
            return None if self.hyphens.joins(parts[-1][:-1], word) else ""
        return "\n"


def _tokens(raw: str) -> Iterator[tuple[str, str, int]]:
    for match in TOKEN.finditer(raw):
        yield str(match.lastgroup), match.group(), match.start()


def has_words(text: str) -> bool:
    """Whether there is anything to read: one letter or digit is enough."""
    return any(map(str.isalnum, text))
