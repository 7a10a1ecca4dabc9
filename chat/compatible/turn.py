"""One completion: the conversation of a request, answered with searches in the caller's material.

Nothing of it is kept but what it cost: who asked this way keeps the conversation.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chat.assistants.tools import DOCUMENT_SEARCH
from chat.compatible.listed_sources import source_list
from chat.compatible.planning import Plan
from chat.generations import pages_of
from chat.searching_first import SearchingFirst, UnlessRefused
from chat.tools import SPEC, Searching
from core.db import in_thread
from documents.asking import reading_as
from llm.base import ChatModel
from llm.events import Finished, ReasoningDelta, StopReason, TextDelta
from llm.fallback import Answerer
from llm.loop import Tool, run_turn
from llm.messages import JSONDict, ToolCall, Usage
from llm.models import LanguageModel
from llm.services import Caller, chat_model, found_without_tools
from rag.binding import bound
from rag.marks import MarkFilter
from rag.settling import Cited, settle
from rag.sources import SourceBook


@dataclass(frozen=True)
class Said:
    text: str


@dataclass(frozen=True)
class Thought:
    text: str


@dataclass(frozen=True)
class Ended:
    reason: StopReason
    calls: tuple[ToolCall, ...]
    usage: Usage
    citations: list[Cited]
    model: LanguageModel  # who answered


Step = Said | Thought | Ended


class Completion:
    """`steps` ends with one Ended. Raises LLMError; closing it closes the provider's stream."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.text: list[str] = []
        self._book = SourceBook()
        self._marks = MarkFilter(lambda numbers, line: bound(self._book.sources, numbers, line))
        self._rooms: dict[Any, Searching] = {}
        self._answerer = Answerer(
            plan.chosen, partial(in_thread, plan.others), self._built, lambda *told: None
        )

    @property
    def model(self) -> LanguageModel:
        return self._answerer.answering

    async def steps(self) -> AsyncGenerator[Step, None]:
        ended: Finished | None = None
        turn = run_turn(
            self._answerer, self.plan.chosen.request, self._tools(), handed_back=self.plan.tools
        )
        async with aclosing(turn) as events:
            async for event in events:
                if isinstance(event, Finished):
                    ended = event
                elif isinstance(event, TextDelta) and (text := self._feed(event.text)):
                    yield self._said(text)
                elif isinstance(event, ReasoningDelta):
                    yield Thought(event.text)
        assert ended is not None  # the loop always ends with it
        calls = ended.messages[-1].tool_calls if ended.stop_reason == "tool_calls" else ()
        if rest := self._marks.close():
            yield self._said(rest)
        citations = await in_thread(self._settled) if self._book.sources else []
        if listed := "" if calls else self._list():
            yield Said(listed)
        yield Ended(ended.stop_reason, calls, ended.usage, citations, self.model)

    def _said(self, text: str) -> Said:
        self.text.append(text)
        return Said(text)

    def _feed(self, text: str) -> str:
        # A list of numbers in JSON looks like a mark.
        return text if self.plan.is_json else self._marks.feed(text)

    def _tools(self) -> list[Tool]:
        taken = {spec.name for spec in self.plan.tools}
        if not self.plan.may_search or DOCUMENT_SEARCH in taken:
            return []

        async def run(arguments: JSONDict) -> str:
            return await self._searching().run(str(arguments.get("query", "")).strip())

        return [Tool(SPEC, run)]

    def _built(self, model: LanguageModel) -> ChatModel:
        caller = Caller(self.plan.user.pk)
        built = chat_model(model, caller)
        if not (self.plan.may_search and self.plan.question):
            return built
        first = partial(self._first, built, model, caller)
        if not model.supports_tools:
            return first()
        # Whoever brings tools of their own is told that they cannot be called.
        if self.plan.tools:
            return built
        return UnlessRefused(built, first, partial(in_thread, found_without_tools, model))

    def _first(self, built: ChatModel, model: LanguageModel, caller: Caller) -> SearchingFirst:
        return SearchingFirst(
            built,
            chat_model(model, replace(caller, kind="query")),
            question=self.plan.question,
            before=self.plan.before,
            run=self._searching().run,
            take=lambda step: None,
        )

    def _searching(self) -> Searching:
        """The search, with room for as much as whoever answers can read."""
        asked = self._answerer.current
        if asked.model.pk not in self._rooms:
            self._rooms[asked.model.pk] = Searching(
                self.plan.user,
                self._book,
                lambda query, looked: None,
                asked.room,
                before=self.plan.before,
                scope=self.plan.scope,
            )
        return self._rooms[asked.model.pk]

    def _settled(self) -> list[Cited]:
        with reading_as(self.plan.user):
            pages = pages_of(self._book.sources)
        return settle("".join(self.text), self._book.sources, pages)

    def _list(self) -> str:
        if not self.plan.citations_in_text or self.plan.is_json:
            return ""
        return source_list(self._book.sources, self._cited())

    def _cited(self) -> Sequence[int]:
        return self._marks.cited
