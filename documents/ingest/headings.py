"""What a passage is about, as the page says: it goes before the passage when it is embedded."""

import re
from collections import Counter
from collections.abc import Mapping

LONGEST, LONGEST_PATH = 120, 300
LINES = 12
RUNNING = 2
MARKDOWN = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
NUMBERED = re.compile(
    r"^(?:(?:chapter|section|part|bab|bagian|pasal|lampiran|appendix)\b|\d+(?:\.\d+)*\.?\s+\D)",
    re.IGNORECASE,
)
PAGE_NUMBER = re.compile(
    r"^\W*(?:page|halaman|hal\.?)?\W*\d+\W*(?:of|dari|/)?\W*\d*\W*$", re.IGNORECASE
)


class PageHeadings:
    """The first line of each page that looks like a heading; pages are given in order.

    A line that opened earlier pages too is a running head and says nothing about this one.
    """

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def of(self, text: str) -> str:
        heading = ""
        for line in map(str.strip, text.split("\n", LINES)[:LINES]):
            if not _looks_like_heading(line):
                continue
            self._met[line] += 1
            if not heading and self._met[line] <= RUNNING:
                heading = line
        return heading


def _looks_like_heading(line: str) -> bool:
    words = line.split()
    if not 1 <= len(words) <= 14 or not 4 <= len(line) <= LONGEST:
        return False
    if PAGE_NUMBER.match(line) or line[-1] in ".,;:-" or sum(map(str.isalpha, line)) < 4:
        return False
    if NUMBERED.match(line) or line.isupper():
        return True
    long_words = [word for word in words if len(word) > 3 and word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in long_words)
    return bool(long_words) and words[0][0].isupper() and capitals * 3 >= 2 * len(long_words)


class MarkdownPath:
    """The path of headings at any place of a Markdown text; pages are given in order."""

    def __init__(self) -> None:
        self._path: dict[int, str] = {}

    def along(self, text: str) -> list[tuple[int, str]]:
        """[(offset, path from there on)], beginning with offset 0."""
        found = [(0, joined(self._path))]
        fenced = [match.span() for match in FENCE.finditer(text)]
        for match in MARKDOWN.finditer(text):
            if any(start <= match.start() < end for start, end in fenced):
                continue
            level = len(match.group(1))
            self._path = {n: name for n, name in self._path.items() if n < level}
            self._path[level] = match.group(2)[:LONGEST]
            found.append((match.start(), joined(self._path)))
        return found


def joined(path: Mapping[int, str]) -> str:
    """The headings of the levels above a place as one line; where it gets long, of the lowest."""
    names = [path[level] for level in sorted(path)]
    while len(names) > 1 and len(" > ".join(names)) > LONGEST_PATH:
        del names[0]
    return " > ".join(names)[:LONGEST_PATH]
