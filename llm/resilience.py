"""Patience with a provider: one more try before anything was said, and an end to silence."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from llm.base import ChatModel
from llm.errors import LLMError, llm_error
from llm.events import Event
from llm.messages import Request
from llm.storable import storable

ATTEMPTS = 3
# A student waits in front of the page: a longer wait than this is told to them instead.
LONGEST_WAIT = 8.0


class Resilient:
    """A chat model that retries before the first event and gives up on silence.

    Limits in seconds: until the first event, between two events, and for the whole call, so that
    an answer that drips for ever ends too.

    After the first event nothing is ever sent again: half an answer must not be said twice.
    What comes is text that can be kept (``llm.storable``).
    The SDKs' own retries are switched off, so that this is the only place that waits.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        first_event: float = 60.0,
        silence: float = 60.0,
        total: float = 600.0,
        attempts: int = ATTEMPTS,
        base_wait: float = 0.5,
    ) -> None:
        self.model = model
        self._first_event = first_event
        self._silence = silence
        self._total = total
        self._attempts = attempts
        self._base_wait = base_wait

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        for attempt in range(1, self._attempts + 1):
            spoken = False
            try:
                async with aclosing(self._limited(request)) as events:
                    async for event in events:
                        spoken = True
                        yield event
                return
            except LLMError as error:
                wait = self._wait(error, attempt)
                if spoken or wait is None:
                    raise
            await asyncio.sleep(wait)

    def _wait(self, error: LLMError, attempt: int) -> float | None:
        """Seconds until the next attempt; None when there is to be none."""
        # Silence has already cost the whole patience of whoever asked.
        if not error.retryable or error.code == "timeout" or attempt == self._attempts:
            return None
        backoff = self._base_wait * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)
        wait = max(error.retry_after or 0.0, backoff)
        return wait if wait <= LONGEST_WAIT else None

    async def _limited(self, request: Request) -> AsyncGenerator[Event, None]:
        """The model's events; a wait between two that is too long ends as a timeout.

        The clients' read timeout is not enough: a provider that sends keep-alive comments is not
        silent on the wire, and yet says nothing.
        """
        stream = cast("AsyncGenerator[Event, None]", self.model.stream(request))
        now = asyncio.get_running_loop().time
        limit, end = self._first_event, now() + self._total
        async with aclosing(stream) as events:
            while True:
                try:
                    async with asyncio.timeout_at(min(now() + limit, end)):
                        event = await anext(events)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    raise llm_error("timeout") from error
                yield storable(event)
                limit = self._silence
