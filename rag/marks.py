"""Numbered marks in an answer while it streams: `[1]`, `[2]`.

A mark that points at no source is removed before anybody sees it, whatever the model writes and
however its text is cut into pieces; every form models have for a mark becomes `[1]`. Marks inside
code are code, and brackets that a Markdown link needs are a link.
"""

import re
from collections.abc import Callable, Sequence

NAME = r"(?:(?:sources?|passages?|refs?|marks?|sumber|kutipan|\^)[\s.:#]*)?"
# The white space of one line: a number on the next line is not part of this mark.
BLANK = r"[^\S\n]"
NUMBERS = rf"\d{{1,3}}(?:(?:{BLANK}*(?:[,;&]|and|dan){BLANK}*(?:{NAME})|{BLANK}+|[-–])\d{{1,3}})*"
ONE = rf"[\[【［](?:{BLANK}*{NAME})({NUMBERS}){BLANK}*(?:†[^\]】］\n]{{0,40}})?[\]】］]"
MARK = re.compile(rf" ?{ONE}", re.IGNORECASE)
GROUP = re.compile(rf"(?: ?{ONE})+", re.IGNORECASE)
# The text so far may still become a mark, a longer group, a link or a longer run of backticks.
UNFINISHED = re.compile(
    rf"(?:(?: ?{ONE})*(?: ?[\[【［][^\[\]【】［］()`\n]{{0,60}}| )?|`+|~+)$", re.IGNORECASE
)
NEXT = re.compile(r"`+|~{3,}| ?[\[【［]")
RANGE = re.compile(r"(\d{1,3})[-–](\d{1,3})")
MOST_IN_RANGE = 20
# As much of the line before a mark as may be a quotation.
REMEMBERED = 2000
LONGEST_HELD = 400

Bind = Callable[[Sequence[int], str], Sequence[int]]


class MarkFilter:
    """Feed it pieces of text; it gives back what may be shown. `cited` fills up in order.

    `bind` is given the numbers of neighbouring marks and the line before them, and gives the
    numbers to show: those of sources there are.
    """

    def __init__(self, bind: Bind) -> None:
        self.bind = bind
        self.cited: list[int] = []
        self._held = ""
        self._fence = ""
        self._line = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        waiting = UNFINISHED.search(text, max(0, len(text) - LONGEST_HELD))
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
            self._pass(out, text[position : found.start()])
            token = found.group()
            position = found.end()
            if token[0] in "`~":
                self._toggle(token)
            elif not self._fence and (group := self._group(text, found.start())):
                token = self._known(group)
                position = group.end()
            self._pass(out, token)
        self._pass(out, text[position:])
        return "".join(out)

    def _pass(self, out: list[str], text: str) -> None:
        out.append(text)
        _, newline, rest = text.rpartition("\n")
        self._line = (rest if newline else self._line + rest)[-REMEMBERED:]
        if newline and len(self._fence) < 3:
            # A backtick that nobody closes is a backtick.
            self._fence = ""

    def _toggle(self, ticks: str) -> None:
        if not self._fence:
            # Three tildes in the middle of a line are tildes.
            if ticks[0] == "`" or not self._line.strip():
                self._fence = ticks
        elif self._fence == ticks or (len(self._fence) > 2 and ticks.startswith(self._fence)):
            self._fence = ""

    def _group(self, text: str, start: int) -> re.Match[str] | None:
        """The marks that begin here, unless they are a link's text, a picture's, or escaped."""
        group = GROUP.match(text, start)
        if group is None or text[group.end() : group.end() + 1] == "(":
            return None
        return None if self._line.endswith(("!", "\\")) and text[start] != " " else group

    def _known(self, group: re.Match[str]) -> str:
        wanted = [n for mark in MARK.finditer(group.group()) for n in _numbers(mark.group(1))]
        numbers = list(dict.fromkeys(self.bind(list(dict.fromkeys(wanted)), self._line)))
        self.cited += [n for n in numbers if n not in self.cited]
        space = " " if group.group().startswith(" ") and numbers else ""
        return space + "".join(f"[{n}]" for n in numbers)


def _numbers(listed: str) -> list[int]:
    """`1, 3-5` and its forms in other digits as numbers."""
    numbers: list[int] = []
    for first, last in RANGE.findall(listed):
        low, high = int(first), int(last)
        numbers += range(low, min(high, low + MOST_IN_RANGE) + 1) if low < high else [low, high]
    return numbers + [int(n) for n in re.findall(r"\d+", RANGE.sub(" ", listed))]


def strip_marks(text: str) -> str:
    """The text without its marks: numbers of an earlier answer mean nothing in the next one."""
    return MarkFilter(lambda numbers, before: ())._filter(text)
