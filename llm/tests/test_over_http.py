"""Whole turns over real HTTP with simulated providers: the SDKs as they run, nothing injected."""

import asyncio
from contextlib import aclosing

import pytest

from bench.providers.behaviour import Behaviour
from bench.providers.server import Simulator
from llm import services
from llm.errors import LLMError
from llm.events import Finished, TextDelta, ToolFinished
from llm.loop import Tool, run_turn
from llm.messages import Request, ToolSpec, user
from llm.models import LanguageModel, Provider
from llm.queries import default_model, usable_models
from llm.tests.turns import PATHS, SCHEMA, search
from tests.patience import PATIENCE


@pytest.fixture
def simulator():
    return Simulator(Behaviour(tokens=40))


@pytest.fixture
def server(simulator):
    with simulator.running() as address:
        yield address


@pytest.fixture(params=list(PATHS))
def model(request, server, settings):
    """Of one provider, by its name."""
    settings.PROVIDER_KEYS = {request.param: "any"}
    settings.PROVIDER_BASE_URLS = {request.param: server + PATHS[request.param]}
    provider = Provider(kind=request.param)
    return lambda name: services.chat_model(LanguageModel(provider=provider, name=name))


async def turn(make, question, name="fake-large", **options):
    tools = [Tool(ToolSpec("document_search", "Search.", SCHEMA), search)]
    request = Request(model=name, system="Be kind.", messages=(user(question),))
    async with aclosing(run_turn(make(name), request, tools, **options)) as events:
        return [event async for event in events]


def said(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_a_turn_searches_and_answers_with_a_mark(model, simulator):
    events = await turn(model, "What is a cell?")
    assert '"A passage about What is a cell?" [1]' in said(events)
    assert isinstance(events[-1], Finished) and events[-1].stop_reason == "stop"
    assert events[-1].usage.input_tokens == 200 and len(simulator.records.rows) == 2


async def test_two_searches_at_once(model):
    events = await turn(model, "cells", "fake-twice")
    assert len([event for event in events if isinstance(event, ToolFinished)]) == 2


async def test_a_provider_that_recovers_is_not_noticed(model, simulator):
    events = await turn(model, "why?", "fake-err503-times1")
    assert events[-1].stop_reason == "stop" and len(simulator.records.rows) == 3


async def test_a_cut_connection_is_told_and_not_repeated(model, simulator):
    with pytest.raises(LLMError, match="interrupted"):
        await turn(model, "cells", "fake-die20")
    assert len(simulator.records.rows) == 2


async def test_stopping_hangs_up_on_the_provider(model, simulator):
    name = "fake-d20-n1000"
    request = Request(model=name, messages=(user("go on"),))
    async with aclosing(model(name).stream(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    (row,) = simulator.records.rows
    async with asyncio.timeout(PATIENCE):
        while row.closed is None:
            await asyncio.sleep(0.01)
    assert row.tokens < 1000, "it hung up before the end"


async def test_many_turns_at_once(model):
    answers = await asyncio.gather(*(turn(model, f"What is topic {n}?") for n in range(30)))
    for number, events in enumerate(answers):
        assert f"topic {number}?" in said(events)


@pytest.mark.parametrize("kind", list(PATHS))
def test_the_servers_own_list_fills_the_registry(db, kind, server, settings):
    settings.LLM_ALLOW_NETWORK = True
    settings.PROVIDER_KEYS = {kind: "any"}
    # Ollama at a port where nobody listens: this machine may run a real one.
    settings.PROVIDER_BASE_URLS = {
        kind: server + PATHS[kind],
        "ollama": "http://127.0.0.1:9",
    }
    services.sync_registry()
    assert [m.name for m in usable_models()] == ["fake-large", "fake-small", "quotes"]
    assert default_model().provider.kind == kind
