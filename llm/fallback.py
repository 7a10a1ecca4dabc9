"""Who answers: the chosen model, or the next one in its chain when it cannot begin.

Only before the first event of a call: half an answer is never said again by another model. Each
model retries by itself (``llm.resilience``) and is paid by itself (``llm.metering``) below this.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from llm import health
from llm.base import ChatModel
from llm.errors import LLMError
from llm.events import Event
from llm.messages import Request
from llm.models import LanguageModel

log = logging.getLogger(__name__)

# Another model may do better with the same request. Where a budget is spent, the budget itself
# says who answers instead.
WORTH_ANOTHER = health.BLAMED | {"context_too_long", "no_tools"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may be asked, and the conversation as it fits this model.

    ``room`` is how many bytes of tool results it can read.
    """

    model: LanguageModel
    request: Request
    room: int = 0


class Answerer:
    """A chat model that is the first of several that begins to answer, and stays with that one.

    ``others`` is awaited once, when the first cannot answer. ``build`` makes what streams from a
    row. ``switched(model, reason)`` is called before the first event of a model that is another
    one than was told last; ``reason`` is the error code that kept the first from answering,
    "budget" when a spent budget did. ``current`` is the candidate asked last, ``answering`` the
    model told last.
    """

    def __init__(
        self,
        first: Candidate,
        others: Callable[[], Awaitable[Sequence[Candidate]]],
        build: Callable[[LanguageModel], ChatModel],
        switched: Callable[[LanguageModel, str], None],
    ) -> None:
        self.current = first
        self.answering = first.model
        self._asked_before = len(first.request.messages)
        self._waiting = deque([first])
        self._skipped: deque[Candidate] = deque()
        self._others: Callable[[], Awaitable[Sequence[Candidate]]] | None = others
        self._states: dict[UUID, health.State] = {}
        self._build = build
        self._switched = switched
        self._begun = False
        self._reason = ""
        self._least_window = 0

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Like a model's own. Raises the first error that trying again may help against, else the
        first: it speaks of the model that was chosen."""
        added = request.messages[self._asked_before :]
        failures: list[LLMError] = []
        candidate = self.current if self._begun else await self._next(bool(added))
        while candidate is not None:
            self.current, self._begun = candidate, True
            own = candidate.request
            asked = replace(
                request,
                model=own.model,
                max_tokens=own.max_tokens,
                messages=(*own.messages, *added),
                tools=request.tools if candidate.model.supports_tools else (),
            )
            spoken = False
            try:
                async with aclosing(self._ask(candidate, asked)) as events:
                    async for event in events:
                        spoken = True
                        yield event
                return
            except LLMError as error:
                if spoken or error.code not in WORTH_ANOTHER:
                    raise
                failures.append(error)
                self._note(candidate, error.code)
            candidate = await self._next(bool(added))
        raise next((one for one in failures if one.retryable), failures[0])

    async def _ask(self, candidate: Candidate, request: Request) -> AsyncGenerator[Event, None]:
        """One model's events; its outcome is written down."""
        model = self._build(candidate.model)
        stream = cast("AsyncGenerator[Event, None]", model.stream(request))
        begun = False
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    if not begun:
                        begun = True
                        self._tell(candidate, _asked(model, candidate))
                    yield event
        except LLMError as error:
            await health.failed(_asked(model, candidate), error.code)
            raise
        answered = _asked(model, candidate)
        await health.well(answered, self._states.get(answered.pk, health.State()))

    def _tell(self, candidate: Candidate, model: LanguageModel) -> None:
        if model.pk == self.answering.pk:
            return
        self.answering = model
        self._switched(model, "budget" if model.pk != candidate.model.pk else self._reason)

    def _note(self, candidate: Candidate, code: str) -> None:
        log.warning("%s does not answer: %s", candidate.model, code)
        self._reason = self._reason or code
        if code == "context_too_long":
            self._least_window = candidate.model.context_window + 1

    async def _next(self, with_results: bool) -> Candidate | None:
        """Whom to ask next. A model with an open circuit is asked only when nobody is left."""
        if not self._states:
            await self._meet(self._waiting)
        while True:
            while self._waiting:
                candidate = self._waiting.popleft()
                state = self._states[candidate.model.pk]
                if not self._fits(candidate, with_results):
                    continue
                if await health.may_ask(candidate.model, state):
                    return candidate
                self._note(candidate, state.code)
                self._skipped.append(candidate)
            if self._others is None:
                break
            self._waiting.extend(await self._found(self._others))
        if not self._skipped:
            return None
        last = self._skipped.popleft()
        self._skipped.clear()
        return last

    async def _found(
        self, others: Callable[[], Awaitable[Sequence[Candidate]]]
    ) -> Sequence[Candidate]:
        self._others = None
        try:
            found = await others()
        except Exception:  # the database is away: the error of the chosen model says enough
            log.exception("who else may answer cannot be read")
            return ()
        await self._meet(found)
        return found

    async def _meet(self, candidates: Sequence[Candidate]) -> None:
        if candidates:
            self._states |= await health.read(candidate.model for candidate in candidates)

    def _fits(self, candidate: Candidate, with_results: bool) -> bool:
        """A conversation with tool calls is not for a model that knows none."""
        has_tools = candidate.model.supports_tools or not with_results
        return has_tools and candidate.model.context_window >= self._least_window


def _asked(built: ChatModel, candidate: Candidate) -> LanguageModel:
    """The model that was really asked: a spent budget may have a cheaper one."""
    found: LanguageModel = getattr(built, "answering", candidate.model)
    return found
