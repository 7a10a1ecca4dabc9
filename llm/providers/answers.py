"""An answer of the OpenAI protocol, put together from what comes in chunks.

Reference: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from typing import Any

from llm.errors import llm_error
from llm.events import Event, ReasoningDelta, StopReason, TextDelta
from llm.messages import JSONDict, Opaque, Usage
from llm.providers.calls import CallAssembler
from llm.providers.thinking import Thinking

STOPS: dict[str, StopReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "refusal",
}
# Fields in which reasoning comes; what came is sent back while tools are being called.
REASONING = ("reasoning_content", "reasoning")
ECHOED = ("reasoning_content", "reasoning_details")


class Answer:
    """Puts together what comes in chunks."""

    def __init__(self) -> None:
        self.calls = CallAssembler()
        self._thinking = Thinking()
        self.usage = Usage()
        self._finish: str | None = None
        self._refused = False
        self._echo: dict[str, Any] = {}

    def take(self, chunk: Any) -> list[Event]:
        """The events of a chunk as JSON has it; LLMError for what cannot be read."""
        if chunk.get("usage"):
            self.usage = _usage(chunk["usage"])
        events: list[Event] = []
        # A chunk with the usage has no choices; some servers send null instead of a list.
        for choice in chunk.get("choices") or []:
            if choice.get("delta"):
                events += self._delta(choice["delta"])
            self._finish = choice.get("finish_reason") or self._finish
        return events

    def _delta(self, delta: Any) -> list[Event]:
        events: list[Event] = []
        thought = next((delta[name] for name in REASONING if delta.get(name)), None)
        if isinstance(thought, str):
            events.append(ReasoningDelta(thought))
        for name in ECHOED:
            if delta.get(name):
                empty: Any = "" if isinstance(delta[name], str) else []
                self._echo[name] = self._echo.get(name, empty) + delta[name]
        if delta.get("refusal"):
            self._refused = True
            events.append(TextDelta(_text(delta["refusal"])))
        if delta.get("content"):
            events += self._content(delta["content"])
        for piece in delta.get("tool_calls") or []:
            self.calls.take(piece)
        return events

    def _content(self, content: Any) -> list[Event]:
        if not isinstance(content, list):
            return self._thinking.feed(_text(content))
        events: list[Event] = []
        # As Mistral sends it, once a model thinks.
        for part in content:
            kind = part.get("type") if isinstance(part, dict) else None
            if kind == "text":
                events.append(TextDelta(_text(part.get("text"))))
            elif kind == "thinking":
                events += [ReasoningDelta(_text(each.get("text"))) for each in part["thinking"]]
            else:
                raise llm_error("malformed")
        return events

    def whole(self, answer: JSONDict) -> list[Event]:
        """The events of an answer that came at once."""
        choices = [
            {"delta": _as_delta(choice.get("message") or {}), **choice}
            for choice in answer["choices"]
        ]
        return self.take({**answer, "choices": choices})

    def rest(self) -> list[Event]:
        """What was held back until the end."""
        return self._thinking.rest()

    def stop_reason(self) -> StopReason:
        if self._refused:
            return "refusal"
        if self._finish is None:
            return "incomplete"
        reason = STOPS.get(self._finish, "stop")
        # Several servers say "stop" after calling tools.
        return "tool_calls" if reason == "stop" and self.calls else reason

    def opaque(self, kind: str) -> Opaque | None:
        return Opaque(kind, self._echo) if self._echo and self.calls else None


def _as_delta(message: JSONDict) -> JSONDict:
    calls = message.get("tool_calls") or []
    return {**message, "tool_calls": [{"index": n, **call} for n, call in enumerate(calls)]}


def _text(value: Any) -> str:
    """What has to be text; anything else is an answer that cannot be read."""
    if not isinstance(value, str):
        raise llm_error("malformed")
    return value


def _usage(usage: Any) -> Usage:
    read = usage.get("prompt_tokens_details") or {}
    written = usage.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=usage.get("prompt_tokens") or 0,
        output_tokens=usage.get("completion_tokens") or 0,
        cached_tokens=read.get("cached_tokens") or 0,
        reasoning_tokens=written.get("reasoning_tokens") or 0,
    )
