"""What a model's stream yields, and what a turn of the tool loop yields on top of it.

A stream is any number of ``TextDelta``, ``ReasoningDelta`` and ``ToolCall`` followed by exactly one
``Completed``, which is always last. A turn re-yields the deltas, tells of each tool, and ends with
exactly one ``Finished``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llm.messages import Message, Opaque, ToolCall, ToolResult, Usage

NO_USAGE = Usage()
StopReason = Literal["stop", "tool_calls", "length", "refusal", "content_filter", "incomplete"]


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of one model call.

    ``stop_reason`` is "incomplete" when the stream ended without saying why: what was said may
    break off in mid-sentence.
    """

    usage: Usage = NO_USAGE
    stop_reason: StopReason = "stop"
    opaque: Opaque | None = None


Event = TextDelta | ReasoningDelta | ToolCall | Completed


@dataclass(frozen=True, slots=True)
class ToolStarted:
    call: ToolCall


@dataclass(frozen=True, slots=True)
class ToolFinished:
    call: ToolCall
    result: ToolResult
    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a turn. ``messages`` are what the turn added to the conversation, in order."""

    messages: tuple[Message, ...]
    usage: Usage
    stop_reason: StopReason


TurnEvent = TextDelta | ReasoningDelta | ToolStarted | ToolFinished | Finished
