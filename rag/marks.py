"""Numbered marks in an answer while it streams: `[1]`, `[2]`.

A mark that points at no source is removed before anybody sees it, whatever the model writes and
however its text is cut into pieces. Marks inside code are code.
"""

import re
from collections.abc import Callable

MARK = re.compile(r" ?[\[【](\d{1,3}(?:[,;\s]+\d{1,3})*)(?:†[^\]】]{0,40})?[\]】]")
# The text so far may still become a mark (or a longer run of backticks): wait for more.
UNFINISHED = re.compile(r"(?: ?[\[【][\d,;\s]{0,20}(?:†[^\]】]{0,40})?| |`+)$")
NEXT = re.compile(r"`+| ?[\[【]")


class MarkFilter:
    """Feed it pieces of text; it gives back what may be shown. `cited` fills up in order."""

    def __init__(self, exists: Callable[[int], bool]) -> None:
        self.exists = exists
        self.cited: list[int] = []
        self._held = ""
        self._fence = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        waiting = UNFINISHED.search(text)
        cut = waiting.start() if waiting else len(text)
        text, self._held = text[:cut], text[cut:]
        return self._filter(text)

    def close(self) -> str:
        text, self._held = self._held, ""
        return self._filter(text)

    def _filter(self, text: str) -> str:
        out: list[str] = []
        position = 0
        while found := NEXT.search(text, position):
            out.append(text[position : found.start()])
            token = found.group()
            if token.startswith("`"):
                self._toggle(token)
            elif not self._fence and (mark := MARK.match(text, found.start())):
                out.append(self._known(mark))
                position = mark.end()
                continue
            out.append(token)
            position = found.end()
        out.append(text[position:])
        return "".join(out)

    def _toggle(self, ticks: str) -> None:
        if not self._fence:
            self._fence = ticks
        elif self._fence == ticks:
            self._fence = ""

    def _known(self, mark: re.Match[str]) -> str:
        numbers = [int(n) for n in re.findall(r"\d+", mark.group(1)) if self.exists(int(n))]
        self.cited += [n for n in numbers if n not in self.cited]
        space = " " if mark.group().startswith(" ") and numbers else ""
        return space + "".join(f"[{n}]" for n in numbers)


def strip_marks(text: str) -> str:
    """The text without its marks: numbers of an earlier answer mean nothing in the next one."""
    return MarkFilter(lambda number: False)._filter(text)
