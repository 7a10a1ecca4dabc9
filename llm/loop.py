"""The one tool loop: ask, run what the model calls, tell it the results, until it has answered.

It knows no tool: they come as pairs of a description and a coroutine. Nothing a tool or a model
does wrong ends a turn: the model is told, and goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

from llm.base import ChatModel
from llm.events import (
    Completed,
    Event,
    Finished,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnEvent,
)
from llm.messages import (
    JSONDict,
    Message,
    Part,
    Request,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
)

log = logging.getLogger(__name__)

# JSON schema's name of a type -> what json.loads makes of it.
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Tool:
    """``run`` takes arguments that have the required names and types, and returns what the model
    is to read. Whatever it raises becomes an error result."""

    spec: ToolSpec
    run: Callable[[JSONDict], Awaitable[str]]


async def run_turn(
    model: ChatModel,
    request: Request,
    tools: Sequence[Tool],
    *,
    handed_back: Sequence[ToolSpec] = (),
    max_rounds: int = 4,
    tool_timeout: float = 30.0,
) -> AsyncGenerator[TurnEvent, None]:
    """Stream one turn; ``Finished`` comes last. Raises ``LLMError`` when a model call fails.

    The model may call tools in up to ``max_rounds`` answers, several at once; after that it is
    asked once more and may not call any. Wrap the iteration in ``contextlib.aclosing``: closing it
    cancels running tools and closes the provider's stream.

    Tools that are ``handed_back`` are run by whoever asked: an answer that calls some of them ends
    the turn with those calls alone. Asked again with the results, the model makes others anew.
    """
    table = {tool.spec.name: tool for tool in tools}
    theirs = {spec.name for spec in handed_back}
    request = replace(request, tools=(*(tool.spec for tool in tools), *handed_back))
    added: list[Message] = []
    usage = Usage()
    for round_number in range(max_rounds + 1):
        last = round_number == max_rounds or not (table or theirs)
        asked = replace(request, messages=(*request.messages, *added), call_tools=not last)
        answer = _Answer()
        async with aclosing(_spoken(model, asked, answer)) as deltas:
            async for delta in deltas:
                yield delta
        usage += answer.usage
        handed = () if last else answer.callable(theirs)
        calls = handed or (() if last else answer.callable())
        if message := answer.message(calls):
            added.append(message)
        if handed or not calls:
            yield Finished(tuple(added), usage, "tool_calls" if handed else answer.final_reason())
            return
        finished: list[ToolFinished] = []
        async with aclosing(_run_all(table, calls, tool_timeout)) as steps:
            async for step in steps:
                if isinstance(step, ToolFinished):
                    finished.append(step)
                yield step
        added.append(_results(calls, finished))


async def _spoken(
    model: ChatModel, request: Request, answer: _Answer
) -> AsyncGenerator[TextDelta | ReasoningDelta, None]:
    """One call of the model, gathered in `answer`; what it says meanwhile."""
    stream = cast("AsyncGenerator[Event, None]", model.stream(request))
    async with aclosing(stream) as events:
        async for event in events:
            answer.take(event)
            if isinstance(event, TextDelta | ReasoningDelta):
                yield event


class _Answer:
    """What one model call has said so far."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.calls: list[ToolCall] = []
        self.completed: Completed | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.texts.append(event.text)
        elif isinstance(event, ToolCall):
            self.calls.append(event)
        elif isinstance(event, Completed):
            self.completed = event

    @property
    def usage(self) -> Usage:
        return self.completed.usage if self.completed else Usage()

    @property
    def stop_reason(self) -> StopReason:
        return self.completed.stop_reason if self.completed else "incomplete"

    def callable(self, names: Collection[str] | None = None) -> tuple[ToolCall, ...]:
        """All calls, or those of these tools that can be read."""
        if self.stop_reason != "tool_calls":
            return ()
        if names is None:
            return tuple(self.calls)
        return tuple(call for call in self.calls if call.name in names and not call.error)

    def final_reason(self) -> StopReason:
        """A turn cannot end in a call that is not going to be answered."""
        return "incomplete" if self.stop_reason == "tool_calls" else self.stop_reason

    def message(self, calls: Sequence[ToolCall]) -> Message | None:
        """The answer as a message with these calls; None when it would be empty."""
        parts: list[Part] = []
        if text := "".join(self.texts):
            parts.append(Text(text))
        parts.extend(calls)
        # The provider's own rendering holds every call: without their results it cannot go back.
        whole = len(calls) == len(self.calls)
        if parts and whole and self.completed and self.completed.opaque:
            parts.append(self.completed.opaque)
        return Message("assistant", tuple(parts)) if parts else None


def _results(calls: Sequence[ToolCall], finished: Sequence[ToolFinished]) -> Message:
    """The results in the order of their calls, told apart by themselves: ids may be alike."""
    places = {id(call): place for place, call in enumerate(calls)}
    ordered = sorted(finished, key=lambda step: places[id(step.call)])
    return Message("tool", tuple(step.result for step in ordered))


async def _run_all(
    table: dict[str, Tool], calls: Sequence[ToolCall], timeout: float
) -> AsyncGenerator[ToolStarted | ToolFinished, None]:
    """Run the calls of one answer together and tell of each as it ends."""
    for call in calls:
        yield ToolStarted(call)
    pending = {asyncio.create_task(run_tool(table, call, timeout)) for call in calls}
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def run_tool(table: dict[str, Tool], call: ToolCall, timeout: float) -> ToolFinished:
    """The one place where a tool's fault is caught: it becomes an error result."""
    started = time.monotonic()
    problem = _problem(table, call)
    content = problem
    if not problem:
        try:
            async with asyncio.timeout(timeout):
                content = await table[call.name].run(call.arguments)
        except TimeoutError:
            problem = content = f"{call.name} took longer than {timeout:g} seconds."
        except Exception:  # a tool is foreign code: its fault is told to the model, not the student
            log.exception("the tool %s failed", call.name)
            problem = content = f"{call.name} failed. Answer without it and say what is missing."
    result = ToolResult(call.id, call.name, content, is_error=bool(problem))
    return ToolFinished(call, result, time.monotonic() - started)


def _problem(table: dict[str, Tool], call: ToolCall) -> str:
    """What is wrong with a call, in words for the model; "" when it can be run."""
    if call.error:
        return f"The arguments of {call.name} cannot be read: {call.error} Send a JSON object."
    if call.name not in table:
        return f"There is no tool {call.name}. There are: {', '.join(sorted(table))}."
    schema = table[call.name].spec.parameters
    for name in schema.get("required", ()):
        if name not in call.arguments:
            return f"{call.name} needs the argument {name}."
    for name, value in call.arguments.items():
        kind = schema.get("properties", {}).get(name, {}).get("type")
        if isinstance(kind, str) and not _fits(value, kind):
            return f"The argument {name} of {call.name} has to be of type {kind}."
    return ""


def _fits(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return kind not in _TYPES or isinstance(value, _TYPES[kind])
