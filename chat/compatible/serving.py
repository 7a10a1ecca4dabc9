"""A completion on its way to whoever asked: as one answer, or as a stream of events."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings

from accounts.resolve import Caller, still_valid
from chat.compatible.planning import Plan
from chat.compatible.refusals import broken, failure, too_slow
from chat.compatible.shapes import Shapes, event
from chat.compatible.turn import Completion, Ended, Said, Step, Thought
from core.db import in_thread
from core.errors import AppError
from core.openai_errors import openai_body
from llm.errors import LLMError

log = logging.getLogger(__name__)
# After so much silence a comment goes out, and it is looked whether the caller may still read.
TICK_SECONDS = 5.0
# So many steps may wait for a slow reader; then the model waits too.
AHEAD = 64
T = TypeVar("T")


async def answered(plan: Plan) -> tuple[Completion, str, str, Ended]:
    """(the completion, its text, its thoughts, its end). Raises AppError."""
    completion = Completion(plan)
    texts: list[str] = []
    thoughts: list[str] = []
    async with aclosing(_told(completion)) as steps:
        async for step in steps:
            if isinstance(step, Said):
                texts.append(step.text)
            elif isinstance(step, Thought):
                thoughts.append(step.text)
            elif isinstance(step, Ended):
                return completion, "".join(texts), "".join(thoughts), step
    raise broken()


@dataclass(frozen=True)
class Begun:
    """A completion that has said something, and what it goes on to say."""

    completion: Completion
    first: Step
    rest: AsyncGenerator[Step | None, None]


async def begun(plan: Plan) -> Begun:
    """What fails before a word is an AppError."""
    completion = Completion(plan)
    steps = _told(completion)
    try:
        async for step in steps:
            if step is not None:
                return Begun(completion, step, steps)
        raise broken()
    except BaseException:
        await steps.aclose()
        raise


async def events(begun: Begun, shapes: Shapes, name: str, caller: Caller) -> AsyncIterator[bytes]:
    """Server-sent events, while the caller may read. Closing it ends the model's stream."""
    checked = time.monotonic()
    async with aclosing(begun.rest) as rest:
        yield shapes.delta(name, role="assistant", content="")
        for chunk in _chunks(begun.first, shapes, name):
            yield chunk
        try:
            async for step in rest:
                if time.monotonic() - checked >= TICK_SECONDS:
                    checked = time.monotonic()
                    if not await in_thread(still_valid, caller):
                        return
                if step is None:
                    yield b": still here\n\n"
                    continue
                for chunk in _chunks(step, shapes, name):
                    yield chunk
        except AppError as error:
            yield event(openai_body(error))


def _chunks(step: Step, shapes: Shapes, name: str) -> list[bytes]:
    if isinstance(step, Said):
        return [shapes.delta(name, content=step.text)]
    if isinstance(step, Thought):
        return [shapes.delta(name, reasoning_content=step.text)]
    return shapes.end(name, step)


async def _told(completion: Completion) -> AsyncGenerator[Step | None, None]:
    """Its steps, None for a while of silence; every failure as AppError."""
    try:
        async with aclosing(pumped(completion.steps(), settings.TURN_SECONDS)) as steps:
            async for step in steps:
                yield step
    except LLMError as error:
        # Without its cause: what providers write may repeat the key.
        cause = type(error.__cause__).__name__
        log.warning("a completion of %s failed: %s (%s)", completion.model.pk, error, cause)
        raise failure(error) from error
    except AppError:
        raise
    except TimeoutError as error:
        raise too_slow() from error
    except Exception as error:
        log.exception("a completion failed")
        raise broken() from error


async def pumped(source: AsyncGenerator[T, None], seconds: float) -> AsyncGenerator[T | None, None]:
    """What `source` yields, and None after TICK_SECONDS of silence.

    `source` runs in a task of its own from beginning to end, within `seconds`: whoever leaves
    cancels it wherever it stands. Raises what it raises.
    """
    queue: asyncio.Queue[T] = asyncio.Queue(AHEAD)

    async def run() -> None:
        async with asyncio.timeout(seconds), aclosing(source) as items:
            async for item in items:
                await queue.put(item)

    task = asyncio.create_task(run())
    waiting: asyncio.Task[T] | None = None
    try:
        while True:
            waiting = waiting or asyncio.create_task(queue.get())
            await asyncio.wait(
                {waiting, task}, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if waiting.done():
                item, waiting = waiting.result(), None
                yield item
            elif not task.done():
                yield None
            elif queue.empty():
                break
        await task
    finally:
        for left in (task, waiting):
            if left is not None:
                left.cancel()
        await asyncio.gather(task, return_exceptions=True)
