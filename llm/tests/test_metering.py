"""Whatever becomes of a call: one row that tells of it, and nothing left held."""

import asyncio
import gc
import threading
import time
from contextlib import aclosing
from decimal import Decimal

import pytest
from django.db import OperationalError

from core import db
from core.db import in_thread, submit
from core.ids import new_id
from llm.errors import CODES, LLMError, llm_error
from llm.events import Completed, ReasoningDelta, TextDelta
from llm.messages import Request, ToolCall, ToolSpec, Usage, user
from llm.metering import budgets, ledger, metered
from llm.metering.caller import Caller
from llm.metering.metered import Metered, MeteredEmbedder
from llm.models import (
    Budget,
    BudgetAccount,
    EmbeddingModel,
    LanguageModel,
    ModelCall,
    Provider,
    Reservation,
)
from llm.providers.fake import Pause, ScriptedModel, says
from llm.services import chat_model, embedder
from tests.patience import PATIENCE

ASK = Request(model="big", messages=(user("Why? " * 30),), max_tokens=1000)
POOL = db._threads._max_workers
USED = Usage(input_tokens=100, output_tokens=50, cached_tokens=40, reasoning_tokens=10)
TOLD = [TextDelta("Because."), Completed(USED)]


@pytest.fixture(autouse=True)
def _whole_database(transactional_db):
    budgets.forget()
    ledger._unwritten.clear()
    yield
    all_is_written(POOL)
    budgets.forget()


@pytest.fixture
def big():
    gateway = Provider.objects.create(
        kind="openai_compatible", name="Gateway", base_url="http://gateway/v1"
    )
    return LanguageModel.objects.create(
        provider=gateway, name="big", display_name="Big", input_price=1, output_price=10
    )


@pytest.fixture
def budget(big):
    return Budget.objects.create(scope="user", limit_usd=1)


def all_is_written(workers: int) -> None:
    """Wait until so many threads of the pool, all that may have work, have nothing left to do."""
    for _round in range(2):  # a thread may hand on more work
        gate = threading.Barrier(workers + 1)
        waits = [submit(gate.wait, PATIENCE) for _ in range(workers)]
        gate.wait(PATIENCE)
        for wait in waits:
            wait.result(PATIENCE)


def written() -> list[ModelCall]:
    """All rows. Runs in a thread of the pool."""
    all_is_written(POOL - 1)
    return list(ModelCall.objects.order_by("created_at"))


async def read(model, request=ASK):
    async with aclosing(model.stream(request)) as events:
        return [event async for event in events]


class Held:
    """Stands for a function, in whichever thread: whoever calls it waits for `go`."""

    def __init__(self, function):
        self.function, self.passed = function, 0
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(self, *args, **kwargs):
        self.reached.set()
        self.go.wait(PATIENCE)
        self.passed += 1
        return self.function(*args, **kwargs)


def ask(model, alice, *script, caller=None):
    whose = caller or Caller(alice.pk, new_id(), new_id())
    return Metered(model, whose, lambda row: ScriptedModel(*script))


async def settled(spent=None):
    """The one row there is; nothing is held any more."""
    rows = await in_thread(written)
    assert len(rows) == 1
    account = await BudgetAccount.objects.aget()
    assert (account.reserved_usd, account.reserved_tokens) == (0, 0)
    assert not await Reservation.objects.aexists()
    assert account.spent_usd == (rows[0].cost if spent is None else spent)
    return rows[0]


async def test_a_call_is_written_down_whole(alice, big, budget):
    whose = Caller(alice.pk, new_id(), new_id())
    events = await read(ask(big, alice, [0.02, *TOLD], caller=whose))
    assert events == TOLD
    row = await settled()
    assert (row.user_id, row.session_id, row.generation_id) == (
        whose.user_id,
        whose.session_id,
        whose.generation_id,
    )
    assert (row.provider, row.model_id, row.model_name) == ("Gateway", big.pk, "big")
    assert (row.input_tokens, row.output_tokens) == (100, 50)
    assert (row.cached_tokens, row.reasoning_tokens) == (40, 10)
    assert row.cost == Decimal("0.0006") and not row.estimated
    assert 20 <= row.first_token_ms <= row.latency_ms
    assert (row.outcome, row.kind) == ("complete", "chat")


@pytest.mark.parametrize("code", CODES)
async def test_a_call_that_fails_before_its_first_word_is_settled(alice, big, budget, code):
    with pytest.raises(LLMError, match=code):
        await read(ask(big, alice, [llm_error(code)]))
    row = await settled()
    assert (row.outcome, row.output_tokens, row.first_token_ms) == (code, 0, None)
    assert row.estimated is (code in metered.MAY_COST) is bool(row.cost)


@pytest.mark.parametrize("code", ["interrupted", "timeout", "malformed", "unavailable"])
async def test_a_call_that_fails_in_mid_word_is_paid_by_an_estimate(alice, big, budget, code):
    script = [ReasoningDelta("Hm, " * 30), TextDelta("Because " * 60), llm_error(code)]
    with pytest.raises(LLMError, match=code):
        await read(ask(big, alice, script))
    row = await settled()
    assert row.outcome == code and row.estimated and row.cost > 0
    assert (row.input_tokens, row.output_tokens) == (50, 200)


async def test_an_error_nobody_foresaw_is_settled(alice, big, budget):
    class Broken:
        async def stream(self, request):
            yield TextDelta("a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read(Metered(big, Caller(alice.pk), lambda row: Broken()))
    assert (await settled()).outcome == "internal"


async def test_a_model_that_cannot_even_be_made_is_settled(alice, big, budget):
    def build(row):
        raise ImportError

    with pytest.raises(ImportError):
        await read(Metered(big, Caller(alice.pk), build))
    assert (await settled()).outcome == "internal"


async def test_a_stopped_call_is_settled(alice, big, budget):
    speaking = Pause()
    script = ScriptedModel([TextDelta("Because"), speaking])
    task = asyncio.create_task(read(Metered(big, Caller(alice.pk), lambda row: script)))
    await speaking.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    row = await settled()
    assert row.outcome == "stopped" and row.estimated and row.output_tokens == 3
    assert script.closed == 1


async def test_a_stream_that_is_left_is_settled(alice, big, budget):
    stream = ask(big, alice, says("one two three")).stream(ASK)
    await anext(stream)
    await stream.aclose()
    assert (await settled()).outcome == "stopped"


async def test_a_stream_that_is_forgotten_is_settled(alice, big, budget):
    stream = ask(big, alice, says("one two three")).stream(ASK)
    await anext(stream)
    del stream
    gc.collect()
    async with asyncio.timeout(PATIENCE):
        while not await ModelCall.objects.aexists():
            await asyncio.sleep(0.01)
    assert (await settled()).outcome == "stopped"


async def test_whoever_leaves_after_the_last_event_has_not_stopped_anything(alice, big, budget):
    async with aclosing(ask(big, alice, TOLD).stream(ASK)) as events:
        async for event in events:
            if isinstance(event, Completed):
                break
    assert (await settled()).outcome == "complete"


async def test_a_call_cancelled_at_the_door_holds_nothing(alice, big, budget, monkeypatch):
    door = Held(budgets.admit)
    monkeypatch.setattr(budgets, "admit", door)
    task = asyncio.create_task(read(ask(big, alice, TOLD)))
    await asyncio.to_thread(door.reached.wait, PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not door.passed
    door.go.set()
    row = await settled()
    assert (row.outcome, row.cost, row.input_tokens) == ("stopped", 0, 0)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("stop", "complete"),
        ("tool_calls", "complete"),
        ("length", "complete"),
        ("refusal", "refused"),
        ("content_filter", "refused"),
        ("incomplete", "interrupted"),
    ],
)
async def test_how_a_call_ended_is_its_outcome(alice, big, budget, reason, outcome):
    await read(ask(big, alice, [TextDelta("x"), Completed(USED, reason)]))
    assert (await settled()).outcome == outcome


async def test_tokens_nobody_counted_are_estimated(alice, big, budget):
    call = ToolCall("1", "document_search", {"query": "glow " * 30})
    tools = (ToolSpec("document_search", "Searches.", {}),)
    await read(ask(big, alice, [call]), Request(model="big", system="x" * 300, tools=tools))
    row = await settled()
    assert row.estimated and row.input_tokens >= 100 and row.output_tokens >= 50


async def test_a_model_without_prices_has_no_cost(alice, big):
    big.output_price = None
    await read(ask(big, alice, TOLD))
    (row,) = await in_thread(written)
    assert row.cost is None and row.input_tokens == 100


async def test_the_built_in_answerer_is_written_down_and_free(alice, budget):
    builtin = Provider(kind="builtin", name="Built in")
    await builtin.asave()
    quotes = LanguageModel(provider=builtin, name="quotes", display_name="Quotes")
    await quotes.asave()
    await read(ask(quotes, alice, TOLD))
    (row,) = await in_thread(written)
    assert row.cost == 0 and not row.estimated
    assert not await BudgetAccount.objects.filter(spent_tokens__gt=0).aexists()


async def test_on_a_spent_budget_the_model_is_not_asked(alice, big, budget):
    await Budget.objects.aupdate(limit_usd=0)
    script = ScriptedModel(TOLD)
    with pytest.raises(LLMError, match="renews on") as refused:
        await read(Metered(big, Caller(alice.pk), lambda row: script))
    assert (refused.value.code, refused.value.retryable) == ("budget", False)
    assert script.requests == []
    row = await settled()
    assert (row.outcome, row.cost) == ("budget", 0)


async def test_the_cheaper_model_answers_and_is_named(alice, big, budget):
    small = await LanguageModel.objects.acreate(
        provider=big.provider, name="small", input_price=0, output_price=1, supports_tools=False
    )
    await Budget.objects.aupdate(limit_usd="0.0005", cheaper_model=small)
    scripts = {"big": ScriptedModel(TOLD), "small": ScriptedModel(TOLD)}
    model = Metered(big, Caller(alice.pk), lambda row: scripts[row.name])
    tools = (ToolSpec("document_search", "Searches.", {}),)
    await read(model)
    assert model.answering == big
    await in_thread(written)
    await read(model, Request(model="big", messages=ASK.messages, tools=tools))
    assert model.answering == small
    (asked,) = scripts["small"].requests
    assert (asked.model, asked.tools) == ("small", ())
    rows = await in_thread(written)
    assert [row.model_name for row in rows] == ["big", "small"]
    account = await BudgetAccount.objects.aget()
    assert account.spent_usd == sum(row.cost for row in rows)


async def test_a_call_waits_for_what_another_holds(alice, big, budget, monkeypatch):
    monkeypatch.setattr(metered, "PATIENCE", PATIENCE)
    monkeypatch.setattr(metered, "LOOK_EVERY", 0.01)
    refused, admit = threading.Event(), budgets.admit

    def admitting(*args, **kwargs):
        try:
            return admit(*args, **kwargs)
        except budgets.Spent:
            refused.set()
            raise

    monkeypatch.setattr(budgets, "admit", admitting)
    await Budget.objects.aupdate(limit_usd="0.001")
    holding = Pause()
    first = asyncio.create_task(read(ask(big, alice, [TextDelta("a"), holding, Completed(USED)])))
    await holding.reached.wait()
    second = asyncio.create_task(read(ask(big, alice, TOLD)))
    assert await asyncio.to_thread(refused.wait, PATIENCE)
    holding.go.set()
    assert await second == TOLD
    await first
    assert len(await in_thread(written)) == 2


async def test_a_call_that_waited_in_vain_may_be_tried_again(alice, big, budget, monkeypatch):
    monkeypatch.setattr(metered, "PATIENCE", 0.1)
    await Budget.objects.aupdate(limit_usd="0.001")
    holding = Pause()
    first = asyncio.create_task(read(ask(big, alice, [TextDelta("a"), holding])))
    await holding.reached.wait()
    with pytest.raises(LLMError) as refused:
        await read(ask(big, alice, TOLD))
    assert (refused.value.code, refused.value.retryable) == ("budget", True)
    first.cancel()
    await asyncio.wait([first])


async def test_a_hundred_chats_at_once_overspend_by_no_more_than_one(
    alice, big, budget, monkeypatch
):
    """Each call costs 0.0006 dollars; 0.003 are there."""
    monkeypatch.setattr(metered, "PATIENCE", 0.0)
    await Budget.objects.aupdate(limit_usd="0.003")
    answers = await asyncio.gather(
        *(read(ask(big, alice, TOLD)) for _ in range(100)), return_exceptions=True
    )
    assert any(answer == TOLD for answer in answers)
    assert all(answer == TOLD or answer.code == "budget" for answer in answers)
    rows = await in_thread(written)
    account = await BudgetAccount.objects.aget()
    assert len(rows) == 100 and account.reserved_usd == 0
    assert account.spent_usd == sum(row.cost for row in rows) <= Decimal("0.0036")


async def test_the_stream_waits_for_no_row(alice, big, monkeypatch):
    writing = Held(lambda *args: None)
    monkeypatch.setattr(ledger, "write", writing)
    assert await read(ask(big, alice, TOLD)) == TOLD
    assert not writing.passed
    writing.go.set()


async def test_a_database_that_is_away_breaks_no_answer(alice, big, budget, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(budgets, "any_active", away)
        patch.setattr(ModelCall, "save", away)
        assert await read(ask(big, alice, TOLD)) == TOLD
        assert await in_thread(written) == []
    assert await read(ask(big, alice, TOLD)) == TOLD
    assert len(await in_thread(written)) == 2
    account = await BudgetAccount.objects.aget()
    assert (account.spent_usd, account.reserved_usd) == (Decimal("0.0012"), 0)


async def test_a_database_that_hangs_delays_an_answer_by_little(alice, big, budget, monkeypatch):
    door = Held(budgets.admit)
    monkeypatch.setattr(metered, "ADMISSION_SECONDS", 0.1)
    monkeypatch.setattr(budgets, "admit", door)
    assert await read(ask(big, alice, TOLD)) == TOLD
    assert not door.passed
    door.go.set()
    await settled()


async def test_a_row_outlives_its_person_and_its_model(alice, big, budget):
    async with aclosing(ask(big, alice, TOLD).stream(ASK)) as events:
        await anext(events)
        await in_thread(alice.delete)
        await in_thread(big.delete)
        async for _ in events:
            pass
    (row,) = await in_thread(written)
    assert (row.user_id, row.model_id, row.model_name) == (None, None, "big")


async def test_an_entry_is_written_once(alice, big, budget):
    call = ModelCall(user_id=alice.pk, model_id=big.pk, model_name="big", cost=Decimal("0.1"))
    entry = ledger.Entry(call)
    await in_thread(ledger.write, entry)
    await in_thread(ledger.write, entry)
    assert (await settled()).cost == Decimal("0.1")


async def test_work_that_is_submitted_at_the_end_is_done(monkeypatch, alice, big, caplog):
    def refuse(*args):
        raise RuntimeError("cannot schedule new futures after shutdown")

    monkeypatch.setattr(metered, "submit", refuse)
    budgets._known = False, time.monotonic() + 60
    assert await read(ask(big, alice, TOLD)) == TOLD
    assert "is lost" in caplog.text


async def test_without_a_caller_nothing_is_metered(big):
    assert not isinstance(chat_model(big), Metered)
    assert isinstance(chat_model(big, Caller()), Metered)


class Embeds:
    dimensions = 2

    def __init__(self, error=None):
        self.error = error

    async def embed(self, texts, kind):
        if self.error:
            raise self.error
        return [[1.0, 0.0] for _ in texts]


async def test_embedding_calls_are_written_down(alice, budget):
    model = EmbeddingModel(kind="openai", name="small-embedding", dimensions=2)
    metered_one = MeteredEmbedder(Embeds(), model, Caller(alice.pk))
    assert metered_one.dimensions == 2
    assert len(await metered_one.embed(["x" * 300, "y" * 300], "document")) == 2
    (row,) = await in_thread(written)
    assert (row.kind, row.model_name, row.input_tokens) == ("embedding", "small-embedding", 200)
    assert row.estimated and row.outcome == "complete" and row.provider == "OpenAI"
    assert (await BudgetAccount.objects.aget()).spent_tokens == 200


async def test_embedding_calls_cost_what_the_price_list_says(alice, budget):
    model = EmbeddingModel(kind="openai", name="text-embedding-3-small", dimensions=2)
    where = "https://api.openai.com/v1"
    await MeteredEmbedder(Embeds(), model, Caller(alice.pk), where).embed(["x" * 3000], "query")
    (row,) = await in_thread(written)
    assert row.cost == Decimal("0.00002")
    assert (await BudgetAccount.objects.aget()).spent_usd == row.cost


async def test_embedding_in_this_process_is_not_a_call():
    model = EmbeddingModel(pk=77, kind="local", name="all-MiniLM-L6-v2", dimensions=384)
    assert not isinstance(embedder(model), MeteredEmbedder)


async def test_embedding_calls_that_fail_are_written_down(alice, big):
    model = EmbeddingModel(kind="openai", name="small-embedding", dimensions=2)
    with pytest.raises(LLMError):
        await MeteredEmbedder(Embeds(llm_error("auth")), model, Caller()).embed(["x"], "query")
    (row,) = await in_thread(written)
    assert (row.outcome, row.input_tokens) == ("auth", 0)
