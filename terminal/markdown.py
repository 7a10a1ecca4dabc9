"""Markdown as it streams: what is finished is printed for good, the rest is drawn anew."""

import re
from types import TracebackType

from markdown_it import MarkdownIt
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


class Rendered(Markdown):
    """Without HTML, whose tags would vanish with what looks like them, and without hidden links:
    an address is shown, not put behind words."""

    def __init__(self, markup: str) -> None:
        super().__init__(markup, hyperlinks=False, code_theme="ansi_dark")
        parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
        self.parsed = parser.parse(markup)


class Blocks:
    """Feed it pieces; it gives back each stretch of whole blocks."""

    def __init__(self) -> None:
        self.rest = ""

    def feed(self, text: str) -> str:
        self.rest += text
        position = self.rest.rfind("\n\n")
        # Inside a fence an empty line ends nothing.
        while position > 0 and len(FENCE.findall(self.rest[:position])) % 2:
            position = self.rest.rfind("\n\n", 0, position)
        if position <= 0:
            return ""
        finished, self.rest = self.rest[: position + 2], self.rest[position + 2 :]
        return finished


class Writing:
    """A text being written on a terminal: `with Writing(console) as writing: writing.feed(...)`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._blocks = Blocks()
        self._live = Live(
            console=console, transient=True, refresh_per_second=10, vertical_overflow="crop"
        )

    def __enter__(self) -> "Writing":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.update("")
        self._live.stop()
        self._print(self._blocks.rest)

    def feed(self, text: str) -> None:
        if finished := self._blocks.feed(text):
            self._live.update("")
            self._print(finished)
        self._live.update(Rendered(self._blocks.rest))

    def note(self, text: str) -> None:
        """A line above what is being written."""
        self._console.print(text, style="dim", markup=False, highlight=False)

    def _print(self, text: str) -> None:
        if text.strip():
            self._console.print(Rendered(text))
            self._console.print()
