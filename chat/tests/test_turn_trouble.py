"""A turn whose model has trouble: who answers then, what is kept, and what the student reads.

With providers simulated over real HTTP: registry, metering, patience, health and SDK as they run.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis.asyncio

from accounts.models import User
from bench.providers.behaviour import Behaviour
from bench.providers.server import Simulator
from chat import generations, runner, services
from chat.models import Generation, Message, Session
from chat.tests.fakes import Script, ask, events_of, said, words
from core.db import in_thread
from llm import health
from llm.errors import llm_error
from llm.events import TextDelta
from llm.models import Fallback, LanguageModel, ModelCall, Provider
from tests.patience import PATIENCE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Made = Callable[..., LanguageModel]


# What is silent is given little time; all else as much as a busy machine takes.
LITTLE = {
    "fake-plain-mute": {"LLM_FIRST_TOKEN_SECONDS": 0.6},
    "fake-plain-hang5": {"LLM_SILENCE_SECONDS": 0.6},
    "fake-plain-d400-n200": {"LLM_TOTAL_SECONDS": 3.0},
}


@pytest.fixture(autouse=True)
def _few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llm.resilience.ATTEMPTS", 2)


@pytest.fixture(autouse=True)
async def _nothing_left_behind(transactional_db: None) -> AsyncIterator[None]:
    """What a turn still writes when its last event was read is written before the next test."""
    yield
    if runner._tasks:
        await asyncio.wait(runner._tasks.values(), timeout=PATIENCE)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    made = Simulator(Behaviour(tokens=20))
    with made.running() as made.address:  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def made(simulator: Any, transactional_db: None) -> Made:
    """`made(name, *fallbacks)`: a model of the simulated provider, which behaves as its name says;
    in the order they are made, so the first is the one asked."""
    provider = Provider.objects.create(
        kind="openai_compatible", name="Simulated", base_url=f"{simulator.address}/v1"
    )

    def make(name: str, *fallbacks: LanguageModel, order: int = 1, task: str = "") -> LanguageModel:
        first = LITTLE.get(name, {}).get("LLM_FIRST_TOKEN_SECONDS")
        model = LanguageModel.objects.create(
            provider=provider,
            name=name,
            display_name=f"Model {name}",
            order=order,
            parameters={"first_event_seconds": first} if first else {},
        )
        for position, fallback in enumerate(fallbacks):
            Fallback.objects.create(model=model, fallback=fallback, position=position, task=task)
        return model

    return make


async def answered(
    user: User, question: str = "Hello there"
) -> tuple[list[dict[str, Any]], Message]:
    session: Session = await in_thread(services.create_session, actor=user)
    generation = await ask(user, session, question)
    events = await events_of(generation)
    return events, await Message.objects.select_related("model", "generation__model").aget(
        generation=generation.pk
    )


ALONE = [
    # how the model behaves, status, code, may be tried again, whether text was kept
    ("fake-plain-err500", "failed", "unavailable", True, False),
    ("fake-plain-err429", "failed", "rate_limited", True, False),
    ("fake-plain-err429-after30", "failed", "rate_limited", True, False),
    ("fake-plain-errkey", "failed", "auth", False, False),
    ("fake-plain-errspent", "failed", "spent", False, False),
    ("fake-plain-errlong", "failed", "context_too_long", False, False),
    ("fake-plain-errmodel", "failed", "unknown_model", False, False),
    ("fake-plain-err400", "failed", "bad_request", False, False),
    ("fake-plain-mute", "failed", "timeout", True, False),
    ("fake-plain-page", "failed", "malformed", True, False),
    ("fake-plain-hang5", "failed", "timeout", True, True),
    ("fake-plain-die5", "failed", "interrupted", True, True),
    ("fake-plain-drop5", "failed", "interrupted", True, True),
    ("fake-plain-cut5", "interrupted", "malformed", True, True),
    ("fake-plain-d400-n200", "failed", "timeout", True, True),
]


@pytest.mark.parametrize(("name", "status", "code", "retryable", "kept"), ALONE)
async def test_alone_the_student_reads_a_sentence_and_keeps_what_was_said(
    alice: User,
    made: Made,
    settings: Any,
    name: str,
    status: str,
    code: str,
    retryable: bool,
    kept: bool,
) -> None:
    for limit, seconds in LITTLE.get(name, {}).items():
        setattr(settings, limit, seconds)
    await in_thread(made, name)
    events, answer = await answered(alice)
    error = next(event for event in events if event["type"] == "error")
    assert (error["code"], error["retryable"]) == (code, retryable)
    assert error["message"] == str(llm_error(code).message)
    assert (answer.status, answer.error_code) == (status, code)
    assert bool(answer.content) is kept and answer.content == said(events).strip()
    assert answer.model is not None and answer.model.name == name
    assert not [event for event in events if event["type"] == "model"]
    assert events[-1]["type"] == "message_saved"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fake-plain-err500", "unavailable"),
        ("fake-plain-err429-after30", "rate_limited"),
        ("fake-plain-errkey", "auth"),
        ("fake-plain-errspent", "spent"),
        ("fake-plain-errmodel", "unknown_model"),
        ("fake-plain-mute", "timeout"),
        ("fake-plain-empty", "interrupted"),
        ("fake-plain-page", "malformed"),
    ],
)
async def test_with_another_model_it_answers_and_the_student_sees_which(
    alice: User, made: Made, name: str, reason: str
) -> None:
    other = await in_thread(made, "fake-plain", order=2)
    first = await in_thread(made, name, other)
    events, answer = await answered(alice)
    start = next(event for event in events if event["type"] == "stream_start")
    assert start["model"]["id"] == str(first.pk)
    (told,) = [event for event in events if event["type"] == "model"]
    assert told["model"] == {"id": str(other.pk), "display_name": "Model fake-plain"}
    assert told["instead_of"]["id"] == str(first.pk) and told["reason"] == reason
    order = [event["type"] for event in events]
    assert order.index("model") < order.index("stream_chunk") and "error" not in order
    assert (answer.status, answer.model, answer.generation.model) == ("complete", other, other)
    assert answer.content == said(events).strip() != ""
    assert [step["name"] for step in answer.steps] == ["model"]
    assert events[-1]["message"]["model"]["id"] == str(other.pk)
    assert events[-1]["message"]["steps"] == answer.steps


async def test_what_the_request_itself_is_to_blame_for_goes_to_nobody_else(
    alice: User, made: Made
) -> None:
    other = await in_thread(made, "fake-plain", order=2)
    await in_thread(made, "fake-plain-err400", other)
    _events, answer = await answered(alice)
    assert answer.error_code == "bad_request"


async def test_half_an_answer_is_kept_and_no_other_model_goes_on(alice: User, made: Made) -> None:
    other = await in_thread(made, "fake-plain", order=2)
    first = await in_thread(made, "fake-plain-die5", other)
    _events, answer = await answered(alice)
    assert (answer.status, answer.model) == ("failed", first) and answer.content


async def test_when_all_fail_there_is_one_honest_sentence(alice: User, made: Made) -> None:
    other = await in_thread(made, "fake-plain-err503", order=2)
    first = await in_thread(made, "fake-plain-errkey", other)
    events, answer = await answered(alice)
    error = next(event for event in events if event["type"] == "error")
    # The other one may be back in a minute: that is worth a button.
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert answer.model == first and not answer.steps


async def test_a_model_known_to_be_silent_costs_the_next_student_no_time(
    alice: User, made: Made, simulator: Simulator
) -> None:
    other = await in_thread(made, "fake-plain", order=2)
    await in_thread(made, "fake-plain-mute", other)
    await answered(alice)
    simulator.records.reset()
    events, answer = await answered(alice)
    assert [record.model for record in simulator.records.rows] == ["fake-plain"]
    (told,) = [event for event in events if event["type"] == "model"]
    assert told["reason"] == "timeout" and answer.model == other


async def test_the_circuit_closes_when_the_model_is_back(
    alice: User, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await in_thread(made, "fake-plain-n3", order=2)
    first = await in_thread(made, "fake-plain", other)
    await health.failed(first, "timeout")
    assert (await answered(alice))[1].model == other
    monkeypatch.setattr(health, "OPEN_SECONDS", 0.001)
    monkeypatch.setattr(health, "claim", _granted)
    assert (await answered(alice))[1].model == first
    assert (await health.read([first]))[first.pk].status == "ok"


async def _granted(*_args: object) -> bool:
    return True


async def test_the_question_chooses_the_chain(alice: User, made: Made) -> None:
    thinker = await in_thread(made, "fake-plain", order=2)
    poet = await in_thread(made, "fake-plain-n9", order=3)
    first = await in_thread(made, "fake-plain-errkey")
    for fallback, task in ((thinker, "reasoning"), (poet, "creative")):
        await Fallback.objects.acreate(model=first, fallback=fallback, task=task)
    assert (await answered(alice, "Why is the sky blue?"))[1].model == thinker
    assert (await answered(alice, "Tuliskan puisi tentang hujan"))[1].model == poet


async def test_another_model_searches_and_cites_too(alice: User, made: Made) -> None:
    other = await in_thread(made, "fake-tool", order=2)
    await in_thread(made, "fake-err500", other)
    events, answer = await answered(alice)
    order = [event["type"] for event in events]
    assert order.index("model") < order.index("tool")
    assert [step["name"] for step in answer.steps] == ["model", "document_search"]
    assert answer.status == "complete"


async def test_every_attempt_is_written_down(alice: User, made: Made) -> None:
    other = await in_thread(made, "fake-plain", order=2)
    await in_thread(made, "fake-plain-errspent", other)
    _events, answer = await answered(alice)
    rows: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE):
        while len(rows) < 2:
            calls = ModelCall.objects.filter(generation_id=answer.generation.pk)
            rows = {call.model_name: call.outcome async for call in calls}
            await asyncio.sleep(0.02)
    assert rows == {"fake-plain-errspent": "spent", "fake-plain": "complete"}


async def test_a_stop_while_the_next_one_answers_is_a_stop(
    alice: User, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await in_thread(made, "other", order=2)
    first = await in_thread(made, "first", other)
    scripts = {
        first.name: Script(llm_error("unavailable")),
        other.name: Script(TextDelta("Half "), asyncio.Event()),
    }
    monkeypatch.setattr("chat.turn.chat_model", lambda model, caller=None: scripts[model.name])
    session = await in_thread(services.create_session, actor=alice)
    generation = await ask(alice, session, "Tell me all.")
    async for _seq, frame, _last in runner.follow(generation.pk):
        if "Half" in frame:
            break
    assert runner.stop_local(generation.pk)
    saved = (await events_of(generation))[-1]["message"]
    assert (saved["status"], saved["content"]) == ("stopped", "Half")
    assert saved["model"]["id"] == str(other.pk)
    assert [script.closed for script in scripts.values()] == [1, 1]


async def test_who_answered_is_known_when_the_process_dies(
    alice: User, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, first = await in_thread(made, "other"), await in_thread(made, "first")
    frames = [
        {"type": "model", "seq": 3, "model": {"id": str(other.pk)}},
        {"type": "stream_chunk", "seq": 4, "content": "Half"},
    ]
    monkeypatch.setattr(generations, "_stored_events", lambda _pk: frames)
    session = await in_thread(services.create_session, actor=alice, model_id=first.pk)
    generation: Generation = await in_thread(
        services.post_message, actor=alice, session_id=session.pk, text="Well?"
    )
    host = generation.owner.split(":")[0]
    await Generation.objects.filter(pk=generation.pk).aupdate(owner=f"{host}:999999999:1")
    assert await in_thread(generations.close_abandoned) == 1
    answer = await Message.objects.select_related("model").aget(generation=generation.pk)
    assert (answer.content, answer.model) == ("Half", other)


async def test_without_redis_the_answer_comes_all_the_same(
    alice: User, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.1)
    away = redis.asyncio.Redis(port=1)
    monkeypatch.setattr(health, "async_client", lambda: away)
    other = await in_thread(made, "fake-plain", order=2)
    await in_thread(made, "fake-plain-errkey", other)
    _events, answer = await answered(alice)
    assert (answer.status, answer.model) == ("complete", other)


async def test_a_chosen_model_that_is_well_costs_one_look_and_no_query(
    alice: User, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    read = health.read

    async def counted(models: Any) -> dict[uuid.UUID, health.State]:
        looked.append(wanted := list(models))
        return await read(wanted)

    monkeypatch.setattr("llm.fallback.health.read", counted)
    monkeypatch.setattr("chat.plans.chain", lambda *given: looked.append(given))
    other = await in_thread(made, "other", order=2)
    first = await in_thread(made, "first", other)
    script = Script(*words("Here."))
    monkeypatch.setattr("chat.turn.chat_model", lambda model, caller=None: script)
    _events, answer = await answered(alice)
    # One look beside the saving of the question, one of the turn; none for who else may answer.
    assert answer.model == first and looked == [[], [first]]
