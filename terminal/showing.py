"""An answer on its way to the screen, into a pipe, or as JSON."""

import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from rich.console import Console

from terminal.markdown import Writing
from terminal.safe import clean, line
from terminal.words import say

UNITS = {"page": "page %s", "slide": "slide %s", "rows": "rows %s", "part": "part %s"}


def source_line(source: dict[str, Any]) -> str:
    unit = UNITS.get(str(source.get("page_unit") or ""))
    place = say(unit) % (source.get("page_label") or source.get("page")) if unit else ""
    parts = [str(source.get("filename") or ""), place]
    return line(f"[{source.get('number')}] " + ", ".join(part for part in parts if part))


class Shown:
    """Takes the events of one answer. Kept afterwards: `text`, `sources`, `error`, `done`."""

    def __init__(self) -> None:
        self.text = ""
        self.sources: Sequence[dict[str, Any]] = ()
        self.error: dict[str, Any] | None = None
        self.done: dict[str, Any] = {}

    def take(self, name: str, data: dict[str, Any]) -> None:
        if name == "chunk":
            piece = clean(str(data.get("content", "")))
            self.text += piece
            self.write(piece)
        elif name == "rag_search":
            self.searched(data)
        elif name == "done":
            self.done, self.sources = data, data.get("sources") or ()
        elif name == "error":
            self.error = data

    def write(self, piece: str) -> None:
        """More of the text."""

    def searched(self, step: dict[str, Any]) -> None:
        """A search that begins or has ended."""

    def close(self) -> None:
        """The answer is over, or broken off."""

    @property
    def cited(self) -> list[dict[str, Any]]:
        return [source for source in self.sources if source.get("cited")]


class Plain(Shown):
    """For pipes, files and terminals that want no colour: the text as it comes."""

    def __init__(self, out: TextIO, with_sources: bool) -> None:
        super().__init__()
        self._out = out
        self._with_sources = with_sources

    def write(self, piece: str) -> None:
        self._out.write(piece)
        self._out.flush()

    def close(self) -> None:
        if self.text and not self.text.endswith("\n"):
            self._out.write("\n")
        if self._with_sources and self.cited:
            rows = [source_line(source) for source in self.cited]
            self._out.write("\n".join(["", say("Sources"), *rows]) + "\n")
        self._out.flush()


class Screen(Shown):
    """For a terminal: Markdown while it streams, searches and sources around it."""

    def __init__(self, console: Console, with_sources: bool) -> None:
        super().__init__()
        self._console = console
        self._with_sources = with_sources
        self._writing = Writing(console)
        self._writing.__enter__()

    def write(self, piece: str) -> None:
        self._writing.feed(piece)

    def searched(self, step: dict[str, Any]) -> None:
        if step.get("status") == "searching":
            self._writing.note(say("searching: %s") % line(step.get("query", "")))

    def close(self) -> None:
        self._writing.__exit__(None, None, None)
        if self._with_sources:
            show_sources(self._console, self.sources)


class Json(Shown):
    """One object when all is over; control characters are escaped by JSON itself."""

    def __init__(self, out: TextIO, session_id: str) -> None:
        super().__init__()
        self._out = out
        self._session_id = session_id

    def close(self) -> None:
        body = {
            "session_id": self._session_id,
            "content": self.done.get("content", self.text),
            "status": self.done.get("status", "failed" if self.error else "interrupted"),
            "model": self.done.get("model"),
            "sources": list(self.sources),
            "error": self.error,
        }
        self._out.write(json.dumps(body) + "\n")
        self._out.flush()


def show_sources(console: Console, sources: Sequence[dict[str, Any]]) -> None:
    cited = [source for source in sources if source.get("cited")]
    if not cited:
        return
    console.print(say("Sources"), style="bold", markup=False, highlight=False)
    for source in cited:
        console.print(source_line(source), markup=False, highlight=False)
    console.print()


def console() -> Console:
    """Of standard output; rich itself honours NO_COLOR, TERM=dumb and the width of the window."""
    return Console(file=sys.stdout, highlight=False, emoji=False)


def is_screen() -> bool:
    return sys.stdout.isatty()
