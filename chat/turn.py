"""One turn: from a saved question to a saved answer, whoever is still watching."""

import asyncio
import logging
import time
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import translation

from chat import generations, protocol, services
from chat.assistants.tools import DOCUMENT_SEARCH
from chat.event_log import EventLog
from chat.generations import Outcome
from chat.keeper import keeper
from chat.models import Citation, Generation, Message
from chat.plans import Plan
from chat.searching_first import SearchingFirst, UnlessRefused
from chat.sentences import error_sentence
from chat.tools import SPEC, Looked, Searching
from core.db import in_thread
from llm.base import ChatModel
from llm.errors import LLMError
from llm.events import Finished, ReasoningDelta, TextDelta, ToolFinished, ToolStarted, TurnEvent
from llm.fallback import Answerer
from llm.loop import Tool, run_turn
from llm.messages import JSONDict, ToolCall, Usage
from llm.models import LanguageModel
from llm.services import Caller, chat_model, found_without_tools
from llm.tokens import LEAST_TOKENS, learn, pictures_in, request_size
from rag.binding import bound
from rag.marks import MarkFilter
from rag.sources import SourceBook

log = logging.getLogger(__name__)

Status = Generation.Status
REFUSALS = ("refusal", "content_filter")
LONGEST_SHOWN = 300  # of a query


class Turn:
    def __init__(self, plan: Plan, events: EventLog) -> None:
        self.plan = plan
        self.events = events
        self.book = SourceBook()
        self.marks = MarkFilter(self._bound)
        self.text: list[str] = []
        self.steps: list[dict[str, Any]] = []
        self.usage = Usage()
        self.started = time.monotonic()
        self.first_token_ms: int | None = None
        self._kept = 0
        self.failure: LLMError | None = None
        self._searches: dict[uuid.UUID, Searching] = {}
        self._looked: dict[str, Looked] = {}
        self.answerer = Answerer(
            plan.chosen,
            partial(in_thread, plan.others),
            self._built,
            self._switched,
        )

    async def run(self) -> None:
        """Never raises; a cancelled turn ends as stopped, with what was said."""
        self.events.append(protocol.user_message(self.plan.question))
        self.events.append(protocol.stream_start(self.plan.answer, self.plan.model))
        keeper().add(self)
        try:
            async with asyncio.timeout(settings.TURN_SECONDS):
                status, reason, error = await self._answer()
        except TimeoutError:
            status, reason, error = Status.INTERRUPTED, "incomplete", "too_slow"
        except asyncio.CancelledError:
            status, reason, error = Status.STOPPED, "stopped", ""
        except LLMError as failure:
            # Without its cause: what providers write may repeat the key.
            cause = type(failure.__cause__).__name__
            log.warning("turn %s: %s (%s)", self.plan.generation_id, failure, cause)
            status, reason, error = Status.FAILED, "error", failure.code
            self.failure = failure
        except Exception:
            log.exception("turn %s failed", self.plan.generation_id)
            status, reason, error = Status.FAILED, "error", "internal"
        keeper().remove(self)
        await asyncio.shield(self._finish(status, reason, error))

    async def _answer(self) -> tuple[str, str, str]:
        reason = "incomplete"
        turn = run_turn(self.answerer, self.plan.chosen.request, self._tools())
        async with aclosing(turn) as events:
            async for event in events:
                if isinstance(event, Finished):
                    self.usage, reason = event.usage, event.stop_reason
                else:
                    self._take(event)
        self._say(self.marks.close())
        if not "".join(self.text).strip():
            return Status.FAILED, reason, "refused" if reason in REFUSALS else "empty"
        if reason == "incomplete":
            return Status.INTERRUPTED, reason, "malformed"
        return Status.COMPLETE, reason, ""

    def _built(self, model: LanguageModel) -> ChatModel:
        """A model that calls no tools is given what a search finds with the question."""
        caller = Caller(self.plan.user.pk, self.plan.session_id, self.plan.generation_id)
        built = chat_model(model, caller)
        if not self.plan.may_search:
            return built
        first = partial(self._first, built, model, caller)
        if not model.supports_tools:
            return first()
        return UnlessRefused(built, first, partial(in_thread, found_without_tools, model))

    def _first(self, built: ChatModel, model: LanguageModel, caller: Caller) -> SearchingFirst:
        return SearchingFirst(
            built,
            chat_model(model, replace(caller, kind="query")),
            question=self.plan.question.content,
            before=self.plan.before,
            run=self._searching().run,
            take=self._take,
        )

    def _tools(self) -> list[Tool]:
        return [self._search_tool()] if self.plan.may_search else []

    def _search_tool(self) -> Tool:
        async def run(arguments: JSONDict) -> str:
            return await self._searching().run(str(arguments.get("query", "")).strip())

        return Tool(SPEC, run)

    def _searching(self) -> Searching:
        """The search, with room for as much as whoever answers can read."""
        asked = self.answerer.current
        if asked.model.pk not in self._searches:
            self._searches[asked.model.pk] = Searching(
                self.plan.user,
                self.book,
                self._count,
                asked.room,
                before=self.plan.before,
                told=self._part,
                scope=self.plan.scope,
            )
        return self._searches[asked.model.pk]

    def _switched(self, model: LanguageModel, reason: str) -> None:
        step = protocol.switch(model, self.plan.model, reason)
        self.events.append(protocol.switched(step))
        self.steps.append(step)

    def _take(self, event: TurnEvent) -> None:
        if isinstance(event, TextDelta):
            self._say(self.marks.feed(event.text))
        elif isinstance(event, ReasoningDelta):
            self.events.append(protocol.reasoning(event.text))
        elif isinstance(event, ToolStarted):
            self.events.append(protocol.searching(event.call.name, _query(event.call)))
        elif isinstance(event, ToolFinished):
            self._searched(event)

    def _say(self, text: str) -> None:
        if text and self.first_token_ms is None:
            self.first_token_ms = int((time.monotonic() - self.started) * 1000)
        self.text.append(text)
        self.events.text(text)

    def _bound(self, numbers: Sequence[int], before: str) -> Sequence[int]:
        return bound(self.book.sources, numbers, before)

    def _count(self, query: str, looked: Looked) -> None:
        self._looked[query] = looked

    def _part(self, query: str, found: int | None) -> None:
        """A search for a part of the question, shown like those the model asked for."""
        if found is None:
            self.events.append(protocol.searching(DOCUMENT_SEARCH, query[:LONGEST_SHOWN]))
        else:
            self._step(protocol.searched(DOCUMENT_SEARCH, query[:LONGEST_SHOWN], Looked(found)))

    def _searched(self, event: ToolFinished) -> None:
        error = "failed" if event.result.is_error else ""
        whole = str(event.call.arguments.get("query", "")).strip()
        looked = self._looked.pop(whole, Looked())
        self._step(protocol.searched(event.call.name, _query(event.call), looked, error))
        if self.book.sources:
            self.events.append(protocol.found(self.book.sources))

    def _step(self, step: protocol.Event) -> None:
        self.events.append(step)
        self.steps.append({name: value for name, value in step.items() if name != "type"})

    def unkept(self) -> str | None:
        """The text so far, None when it is what was kept last."""
        if len(self.text) == self._kept:
            return None
        self._kept = len(self.text)
        return "".join(self.text)

    async def _finish(self, status: str, reason: str, error: str) -> None:
        self._say(self.marks.close())
        self.events.append(protocol.stream_end(reason))
        outcome = Outcome(
            status=status,
            text="".join(self.text).strip(),
            stop_reason=reason,
            error_code=error,
            sources=self.book.sources,
            steps=self.steps,
            usage=self.usage,
            first_token_ms=self.first_token_ms,
            last_seq=self.events.last_seq + (2 if error else 1),
            model=self.answerer.answering if self.answerer.answering != self.plan.model else None,
            asked=self.plan.model,
            reader=self.plan.user,
        )
        saved = await self._save(outcome)
        with translation.override(self.plan.language):
            if error:
                # The failure's own sentence says more: when a budget renews.
                sentence = self.failure.message if self.failure else error_sentence(error)
                after = self.failure.retry_after if self.failure else None
                self.events.append(protocol.error(error, sentence, self._may_retry(error), after))
        if saved is None:
            sentence = error_sentence("restarted")
            self.events.append(protocol.error("restarted", sentence, True), last=True)
        else:
            self.events.append(protocol.message_saved(*saved), last=True)
        if self._has_afterwards():
            await in_thread(self._afterwards)

    def _may_retry(self, error: str) -> bool:
        """Whether the same question may be answered when it is sent again."""
        # Whoever was refused may find another sample of the same model less strict.
        return error == "refused" or self.failure is None or self.failure.retryable

    def _has_afterwards(self) -> bool:
        return self.plan.left_out or self.usage.input_tokens >= LEAST_TOKENS

    def _afterwards(self) -> None:
        """What nobody waits for: learn from the provider's count, shorten a long session."""
        asked = self.plan.chosen.request
        if not self.steps and self.usage.input_tokens and not pictures_in(asked):
            sent = request_size(asked)
            learn(self.plan.model.pk, sent, self.usage.input_tokens)
        if self.plan.left_out:
            services.ask_for_summary(self.plan.session_id)

    async def _save(self, outcome: Outcome) -> tuple[Message, list[Citation]] | None:
        """The database may be away for a moment: the answer is kept in memory until it is back."""
        for pause in (0.2, 1, 2, 4, 8, 0):
            try:
                return await in_thread(generations.finish, self.plan.generation_id, outcome)
            except Exception:
                log.exception("saving the answer of %s failed", self.plan.generation_id)
                await asyncio.sleep(pause)
        return None


def _query(call: ToolCall) -> str:
    return str(call.arguments.get("query", ""))[:LONGEST_SHOWN]
