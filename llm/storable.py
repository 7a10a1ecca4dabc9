"""What a model says, in characters that can be kept and sent on.

JSON can name two kinds that are no text: U+0000, which PostgreSQL takes nowhere, and halves of a
character (lone surrogates), which UTF-8 does not have. An answer with one of them could be said but
never saved.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from llm.events import Event, ReasoningDelta, TextDelta
from llm.messages import ToolCall

HALVES = re.compile("[\ud800-\udfff]+")


def storable(event: Event) -> Event:
    """The same event; a new one where it said what is no text."""
    if isinstance(event, TextDelta | ReasoningDelta):
        said = _text(event.text)
        return event if said is event.text else replace(event, text=said)
    if isinstance(event, ToolCall):
        arguments = _value(event.arguments)
        return event if arguments == event.arguments else replace(event, arguments=arguments)
    return event


def _text(said: str) -> str:
    if "\x00" in said:
        said = said.replace("\x00", "")
    return HALVES.sub(_joined, said) if not said.isascii() and HALVES.search(said) else said


def _joined(halves: re.Match[str]) -> str:
    """Pairs of halves are the character they make, what is left over is U+FFFD."""
    return halves.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {_value(name): _value(item) for name, item in value.items()}
    return value
