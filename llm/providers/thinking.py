"""Thoughts that a server leaves in the text of an answer.

Open models write what they think in tags before what they say. A server that was told to (vLLM with
a reasoning parser, Ollama, recent llama.cpp) sends it in a field of its own; others leave it where
the model wrote it.
"""

from __future__ import annotations

from collections.abc import Callable

from llm.events import Event, ReasoningDelta, TextDelta

# As Qwen, DeepSeek and Granite, others of their kind, and Mistral write them.
TAGS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "[THINK]": "[/THINK]",
}


class Thinking:
    """Tells thoughts from text as pieces come. Only what stands at the very beginning is thought:
    further on a tag is something the answer is about."""

    def __init__(self) -> None:
        self._held = ""
        self._part: Callable[[], list[Event]] = self._beginning
        self._close = ""

    def feed(self, piece: str) -> list[Event]:
        self._held += piece
        return self._part()

    def rest(self) -> list[Event]:
        """What is held back at the end of the answer."""
        return self._thought(len(self._held)) if self._close else self._text()

    def _beginning(self) -> list[Event]:
        begun = self._held.lstrip()
        for opening, closing in TAGS.items():
            if begun.startswith(opening):
                self._held, self._close = begun.removeprefix(opening), closing
                self._part = self._inside
                return self._inside()
        if any(opening.startswith(begun) for opening in TAGS):
            return []  # nothing but blanks, or half of a tag
        self._part = self._text
        return self._text()

    def _inside(self) -> list[Event]:
        end = self._held.find(self._close)
        if end < 0:
            return self._thought(len(self._held) - self._half_of_close())
        thought, self._held = self._thought(end), self._held[len(self._close) :]
        self._close, self._part = "", self._gap
        return [*thought, *self._gap()]

    def _half_of_close(self) -> int:
        """So many signs at the end may be the beginning of the closing tag."""
        longest = min(len(self._close) - 1, len(self._held))
        sizes = range(longest, 0, -1)
        return next((size for size in sizes if self._held.endswith(self._close[:size])), 0)

    def _gap(self) -> list[Event]:
        """Blank lines between thought and text belong to neither."""
        self._held = self._held.lstrip()
        if not self._held:
            return []
        self._part = self._text
        return self._text()

    def _thought(self, end: int) -> list[Event]:
        thought, self._held = self._held[:end], self._held[end:]
        return [ReasoningDelta(thought)] if thought else []

    def _text(self) -> list[Event]:
        text, self._held = self._held, ""
        return [TextDelta(text)] if text else []
