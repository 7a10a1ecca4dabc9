"""What stands between a caller and a model: a budget before the call, a row after it.

Nothing here makes a stream wait: where no budget is set there is not even a query before the first
word, and the row is written after the last one, by another thread. A database that is away lets
calls in: an answer is worth more than the bookkeeping of it, which is made up for afterwards.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import aclosing, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import Error

from core.db import submit
from core.ids import new_id
from llm.base import Batching, ChatModel, Embedder, Kind
from llm.errors import LLMError
from llm.events import NO_USAGE, Completed, Event, ReasoningDelta, TextDelta
from llm.messages import Request, ToolCall, Usage
from llm.metering import budgets, ledger
from llm.metering.budgets import Admission, Spent
from llm.metering.caller import Caller
from llm.metering.costs import cost, likely
from llm.metering.models import ModelCall
from llm.metering.sentences import budget_error
from llm.metering.settling import release
from llm.models import EmbeddingModel, LanguageModel, Provider
from llm.tokens import DEFAULT_BYTES, size

if TYPE_CHECKING:
    from llm.base import Vectors

log = logging.getLogger(__name__)

# How long the database may take to let a call in before it is let in without.
ADMISSION_SECONDS = 5.0
# How long a call waits for others to give back what they hold of a budget.
PATIENCE, LOOK_EVERY = 4.0, 0.25
# Stop reasons that are an outcome of their own; the others are "complete".
OUTCOMES = {"refusal": "refused", "content_filter": "refused", "incomplete": "interrupted"}
# Failures after which a provider may have read the request, and so be paid for it.
MAY_COST = frozenset({"stopped", "timeout", "interrupted", "malformed", "internal", "refused"})


class Metered:
    """A chat model whose calls are paid from budgets and written down.

    ``answering`` is the row of the model asked last: another one than was wanted when a spent
    budget has a cheaper model. ``build`` makes what streams from a row.
    """

    def __init__(
        self, model: LanguageModel, caller: Caller, build: Callable[[LanguageModel], ChatModel]
    ) -> None:
        self.answering = model
        self._model = model
        self._caller = caller
        self._build = build

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Like the model's own; raises ``LLMError`` of code "budget" when nothing may be spent."""
        watch = _Watch(new_id(), self._caller)
        admission = Admission(self._model, request)
        try:
            admission = await self._admit(request, watch.call_id)
            self.answering = admission.model
            watch.begins()
            stream = self._build(admission.model).stream(admission.request)
            async with aclosing(cast("AsyncGenerator[Event, None]", stream)) as events:
                async for event in events:
                    watch.take(event)
                    yield event
        except LLMError as error:
            watch.outcome = error.code
            raise
        except (asyncio.CancelledError, GeneratorExit):
            watch.outcome = "stopped"
            raise
        except BaseException:
            watch.outcome = "internal"
            raise
        finally:
            record(watch.entry(admission))

    async def _admit(self, request: Request, call_id: UUID) -> Admission:
        if budgets.known_none():
            return Admission(self._model, request)
        deadline = time.monotonic() + PATIENCE
        while True:
            patient = time.monotonic() < deadline
            future = submit(
                budgets.admit, self._caller, self._model, request, call_id, patient=patient
            )
            try:
                async with asyncio.timeout(ADMISSION_SECONDS):
                    return await asyncio.shield(asyncio.wrap_future(future))
            except Spent as spent:
                if not (spent.busy and patient):
                    raise budget_error(spent) from spent
            except (Error, TimeoutError) as error:
                log.warning("a model call is let in, the budgets cannot be read: %s", error)
                future.add_done_callback(functools.partial(_nobody_came, call_id))
                return Admission(self._model, request)
            except asyncio.CancelledError:
                future.add_done_callback(functools.partial(_nobody_came, call_id))
                raise
            await asyncio.sleep(LOOK_EVERY)


class MeteredEmbedder:
    """An embedder whose calls are written down and charged. A budget refuses none of them: a
    question's vector costs a thousandth of its answer, and a half-embedded document helps nobody.
    Whoever embeds for a program asks ``llm.services.require_budget_to_embed`` first.
    """

    def __init__(
        self, embedder: Embedder, model: EmbeddingModel, caller: Caller, base_url: str = ""
    ) -> None:
        self._embedder = embedder
        self._model = model
        self._caller = caller
        self._base_url = base_url

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    @property
    def batching(self) -> Batching:
        found: Batching = getattr(self._embedder, "batching", Batching())
        return found

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        def write(outcome: str, milliseconds: int, counted: bool) -> None:
            tokens = int(sum(map(size, texts)) / DEFAULT_BYTES) if counted else 0
            record(ledger.Entry(self._row(tokens, outcome, milliseconds)), self._base_url)

        with watched(write):
            return await self._embedder.embed(texts, kind)

    def _row(self, tokens: int, outcome: str, milliseconds: int) -> ModelCall:
        return ModelCall(
            **whose(self._caller),
            kind=ModelCall.Kind.EMBEDDING,
            provider=self._model.get_kind_display(),
            model_name=self._model.name,
            input_tokens=tokens,
            estimated=True,
            latency_ms=milliseconds,
            outcome=outcome,
        )


@contextmanager
def watched(write: Callable[[str, int, bool], None]) -> Iterator[None]:
    """Tell how a call that does not stream ended: outcome, milliseconds, whether it may cost."""
    started, outcome = time.monotonic(), "internal"
    try:
        yield
        outcome = "complete"
    except LLMError as error:
        outcome = error.code
        raise
    except asyncio.CancelledError:
        outcome = "stopped"
        raise
    finally:
        write(outcome, since(started), outcome == "complete" or outcome in MAY_COST)


class _Watch:
    """What one call has said so far, and when."""

    def __init__(self, call_id: UUID, caller: Caller) -> None:
        self.call_id = call_id
        self.outcome = ""
        self._caller = caller
        self._started = time.monotonic()
        self._asked = False
        self._first_ms: int | None = None
        self._written = 0
        self._completed: Completed | None = None

    def begins(self) -> None:
        self._asked = True
        self._started = time.monotonic()

    def take(self, event: Event) -> None:
        if isinstance(event, Completed):
            self._completed = event
            return
        if self._first_ms is None:
            self._first_ms = since(self._started)
        if isinstance(event, TextDelta | ReasoningDelta):
            self._written += size(event.text)
        elif isinstance(event, ToolCall):
            self._written += size(f"{event.name}{event.arguments}")

    def entry(self, admission: Admission) -> ledger.Entry:
        model = admission.model
        usage, estimated = self._usage(admission)
        is_paid = model.provider.kind != Provider.Kind.BUILTIN
        call = ModelCall(
            id=self.call_id,
            **whose(self._caller),
            kind=self._caller.kind,
            provider=model.provider.name,
            model_id=model.pk,
            model_name=model.name,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost=cost(model, usage) if is_paid and usage != NO_USAGE else Decimal(0),
            estimated=estimated,
            latency_ms=since(self._started),
            first_token_ms=self._first_ms,
            outcome=self._ending(),
        )
        return ledger.Entry(call, admission.accounts, is_paid)

    def _ending(self) -> str:
        # Whoever has read the last event may leave without reading on: that is no stop.
        if self._completed is None:
            return self.outcome or "interrupted"
        return OUTCOMES.get(self._completed.stop_reason, "complete")

    def _usage(self, admission: Admission) -> tuple[Usage, bool]:
        """(tokens, whether they are estimated)."""
        told = self._completed.usage if self._completed else NO_USAGE
        if told != NO_USAGE or admission.model.provider.kind == Provider.Kind.BUILTIN:
            return told, False
        said = self._written or self._completed
        if self._asked and (said or self._ending() in MAY_COST):
            return likely(admission.request, self._written), True
        return NO_USAGE, False


def record(entry: ledger.Entry, base_url: str = "") -> None:
    try:
        submit(ledger.write, entry, base_url)
    except RuntimeError:  # the process is ending and takes no more work
        log.warning("the model call %s is lost", entry.call.pk)


def _nobody_came(call_id: UUID, future: Future[Admission]) -> None:
    """Whoever wanted to be let in has gone: what was held for them meanwhile is given back."""
    if not future.cancelled() and future.exception() is None and future.result().accounts:
        submit(release, call_id)


def whose(caller: Caller) -> dict[str, UUID | None]:
    return {
        "user_id": caller.user_id,
        "session_id": caller.session_id,
        "generation_id": caller.generation_id,
    }


def since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
