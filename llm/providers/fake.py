"""A model that says what it was told to say, for tests of everything above the adapters."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

from llm.errors import LLMError
from llm.events import Completed, Event, TextDelta
from llm.messages import Request, ToolCall


class Pause:
    """A script that comes to it waits for `go`; `reached` tells that it has come."""

    def __init__(self) -> None:
        self.reached, self.go = asyncio.Event(), asyncio.Event()


Step = Event | LLMError | Pause | float


class ScriptedModel:
    """Each call of ``stream`` plays the next script; a float in it is a pause in seconds.

    ``requests`` keeps what was asked, ``closed`` counts the streams that have ended or were closed.
    A script without ``Completed`` ends in one that fits it.
    """

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self.scripts = list(scripts)
        self.requests: list[Request] = []
        self.closed = 0

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        self.requests.append(request)
        script = self.scripts.pop(0)
        called = any(isinstance(step, ToolCall) for step in script)
        try:
            for step in script:
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                elif isinstance(step, Pause):
                    step.reached.set()
                    await step.go.wait()
                elif isinstance(step, LLMError):
                    raise step
                else:
                    yield step
            if not any(isinstance(step, Completed) for step in script):
                yield Completed(stop_reason="tool_calls" if called else "stop")
        finally:
            self.closed += 1


def says(text: str) -> list[Step]:
    """A script that says a text word by word."""
    return [TextDelta(piece) for piece in re.findall(r"\S+\s*|\s+", text)]
