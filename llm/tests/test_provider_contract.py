"""What every provider's adapter has to do, whatever its protocol looks like.

Real SDK clients. What they send is looked at behind a mock transport; each trouble of
llm/tests/troubles.py comes from a simulated provider over a real socket.
"""

import asyncio
import base64
import json
from contextlib import aclosing, nullcontext

import httpx2
import pytest

from bench.providers.behaviour import Behaviour
from bench.providers.server import Simulator
from llm.errors import LLMError
from llm.events import Completed, ReasoningDelta, TextDelta
from llm.messages import (
    Image,
    Message,
    Opaque,
    Request,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    Wishes,
    assistant,
    user,
)
from llm.providers import clients
from llm.resilience import Resilient
from llm.tests.addresses import address
from llm.tests.troubles import CASES
from llm.tests.turns import take_turn
from llm.tests.wires import ALIKE, WIRES
from tests.patience import PATIENCE

SEARCH = ToolSpec(
    "document_search",
    "Search.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
ASK = Request(model="m-1", system="Be kind.", messages=(user("why?"),), max_tokens=500)


@pytest.fixture(params=list(WIRES))
def wire(request):
    return WIRES[request.param]()


async def read(model, request=ASK):
    async with aclosing(model.stream(request)) as events:
        return [event async for event in events]


def said(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_text_comes_in_pieces_and_ends_completed(wire):
    wire.plays([*wire.text("Hel", "lo ", "wörld"), *wire.end("stop")])
    events = await read(wire.model())
    assert [event.text for event in events[:-1]] == ["Hel", "lo ", "wörld"]
    assert isinstance(events[-1], Completed) and events[-1].stop_reason == "stop"
    assert len([event for event in events if isinstance(event, Completed)]) == 1


async def test_usage_counts_what_was_read_cached_and_written(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    usage = (await read(wire.model()))[-1].usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (20, 8, 9)


async def test_reasoning_is_told_apart_from_text(wire):
    wire.plays([*wire.reasoning("hmm, ", "so"), *wire.text("Yes."), *wire.end("stop")])
    events = await read(wire.model())
    thoughts = [event.text for event in events if isinstance(event, ReasoningDelta)]
    assert "".join(thoughts) == "hmm, so" and said(events) == "Yes."


async def test_a_tool_call_arrives_whole(wire):
    fragments = ['{"que', 'ry": "ce', 'lls"}']
    wire.plays([*wire.calls(("c1", "document_search", fragments)), *wire.end("tool_calls")])
    events = await read(wire.model())
    (call,) = [event for event in events if isinstance(event, ToolCall)]
    assert (call.name, call.arguments, call.error) == ("document_search", {"query": "cells"}, "")
    assert events[-1].stop_reason == "tool_calls"


async def test_what_is_no_text_is_left_out_of_what_is_kept(wire):
    calls = ("c1", "document_search", [r'{"query": "a\u0000b \ud800", "n": [1, "\u0000"]}'])
    wire.plays(
        [
            *wire.reasoning("h\x00m"),
            *wire.text("Yes\x00, \ud83d\ude42", " and\ud83d"),
            *wire.calls(calls),
            *wire.end("tool_calls"),
        ]
    )
    events = await read(Resilient(wire.model()))
    assert said(events) == "Yes, \U0001f642 and\ufffd"
    assert [event.text for event in events if isinstance(event, ReasoningDelta)] == ["hm"]
    (call,) = [event for event in events if isinstance(event, ToolCall)]
    assert call.arguments == {"query": "ab \ufffd", "n": [1, ""]}


async def test_text_before_a_call_and_calls_in_parallel(wire):
    calls = [("c1", "document_search", ['{"query": "a"}']), ("c2", "other", ['{"x": 1}'])]
    wire.plays([*wire.text("Let me see."), *wire.calls(*calls), *wire.end("tool_calls")])
    events = await read(wire.model())
    found = [event for event in events if isinstance(event, ToolCall)]
    assert said(events) == "Let me see."
    assert [call.arguments for call in found] == [{"query": "a"}, {"x": 1}]
    assert len({call.id for call in found}) == 2 and all(call.id for call in found)


async def test_a_call_without_arguments_has_none(wire):
    wire.plays([*wire.calls(("c1", "now", [])), *wire.end("tool_calls")])
    call = next(event for event in await read(wire.model()) if isinstance(event, ToolCall))
    assert call.arguments == {} and not call.error


# In Google's protocol arguments are objects already, never text.
@pytest.mark.parametrize("wire", [*ALIKE, "anthropic"], indirect=True)
@pytest.mark.parametrize("fragments", [['{"query": '], ["[1]"], ["nonsense"]])
async def test_arguments_that_are_no_object_are_an_error_of_the_call(wire, fragments):
    wire.plays([*wire.calls(("c1", "document_search", fragments)), *wire.end("tool_calls")])
    call = next(event for event in await read(wire.model()) if isinstance(event, ToolCall))
    assert call.arguments == {} and call.error


async def test_what_is_sent(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    await read(wire.model())
    sent = json.dumps(wire.requests[0])
    assert "Be kind." in sent and "why?" in sent and "500" in sent
    assert "m-1" in sent + wire.urls[0] and wire.urls[0].startswith(wire.base_url)
    assert "temperature" not in sent and "tools" not in sent
    assert "sk-test" in " ".join(wire.headers[0].values()) and "sk-test" not in wire.urls[0]


async def test_temperature_and_further_fields_are_sent_where_the_model_takes_them(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    parameters = {"temperature": True, "body": {"extra_thing": "on"}}
    request = Request(model="m", messages=(user("?"),), wishes=Wishes(temperature=0.3))
    await read(wire.model(parameters=parameters), request)
    sent = wire.requests[0]
    assert sent["extra_thing"] == "on"
    # Anthropic's protocol has none any more, and refuses it.
    assert ("temperature" in json.dumps(sent)) == (wire.kind != "anthropic")


async def test_wishes_are_said_in_the_words_of_the_protocol(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    wishes = Wishes(
        top_p=0.9,
        stop=("END",),
        seed=77,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        tool_choice="look",
        parallel_tool_calls=False,
    )
    specs = (ToolSpec("look", "Look.", {"type": "object", "properties": {}}),)
    request = Request(model="m", messages=(user("?"),), tools=specs, wishes=wishes)
    await read(wire.model(parameters={"temperature": True}), request)
    sent = json.dumps(wire.requests[0])
    assert '"END"' in sent and '"integer"' in sent and sent.count('"look"') == 2
    assert ("77" in sent) == (wire.kind != "anthropic")
    told = {
        "openai": '"parallel_tool_calls": false',
        "anthropic": '"disable_parallel_tool_use": true',
    }
    assert told.get(wire.kind, "") in sent


async def test_a_conversation_with_calls_goes_back_in_order(wire):
    """The answer with its calls, as the provider wrote it, then all results."""
    calls = [
        ("c1", "document_search", ['{"query": "alpha"}']),
        ("c2", "document_search", ['{"query": "beta"}']),
    ]
    wire.plays(
        [*wire.reasoning("hm"), *wire.text("I look."), *wire.calls(*calls), *wire.end("tool_calls")]
    )
    first = await read(wire.model(), Request(model="m", messages=(user("q"),), tools=(SEARCH,)))
    found = [event for event in first if isinstance(event, ToolCall)]
    parts = [Text("I look."), *found]
    if first[-1].opaque:
        parts.append(first[-1].opaque)
    results = tuple(
        ToolResult(call.id, call.name, f"result {call.arguments['query']}") for call in found
    )
    history = (user("q"), Message("assistant", tuple(parts)), Message("tool", results))
    second = type(wire)()
    second.plays([*second.text("Done."), *second.end("stop")])
    request = Request(model="m", messages=history, tools=(SEARCH,))
    assert said(await read(second.model(), request)) == "Done."
    sent = json.dumps(second.requests[0])
    order = ("I look.", "alpha", "beta", "result alpha", "result beta")
    places = [sent.index(text) for text in order]
    assert places == sorted(places)
    if wire.kind in ("anthropic", "google"):
        assert "c2lnbmVk" in sent, "signatures go back unchanged"


async def test_another_providers_own_words_are_left_out(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    message = Message("assistant", (Text("earlier"), Opaque("somebody", [{"secret": 1}])))
    await read(wire.model(), Request(model="m", messages=(user("q"), message, user("and?"))))
    sent = json.dumps(wire.requests[0])
    assert "earlier" in sent and "secret" not in sent


async def test_a_model_that_may_not_call_is_given_no_choice(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    await read(
        wire.model(), Request(model="m", messages=(user("q"),), tools=(SEARCH,), call_tools=False)
    )
    sent = wire.requests[0]
    if wire.protocol == "openai":
        assert "tools" not in sent
    else:
        assert "none" in json.dumps(sent).lower()


async def test_a_model_without_tools_is_offered_none(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    await read(wire.model(tools=False), Request(model="m", messages=(user("q"),), tools=(SEARCH,)))
    assert "tools" not in wire.requests[0]


async def test_pictures_reach_a_model_that_sees_and_no_other(wire):
    picture = Message("user", (Text("what is it?"), Image("image/png", b"\x89PNG")))
    data = base64.b64encode(b"\x89PNG").decode()
    for sees in (True, False):
        other = type(wire)()
        other.plays([*other.text("x"), *other.end("stop")])
        await read(other.model(vision=sees), Request(model="m", messages=(picture,)))
        sent = json.dumps(other.requests[0])
        assert (data in sent) == sees and "what is it?" in sent


async def test_a_wait_the_provider_asks_for_is_kept(wire):
    wire.fails(429, {"error": {"message": "slow down"}}, **{"retry-after": "7"})
    with pytest.raises(LLMError) as caught:
        await read(wire.model())
    assert caught.value.retry_after == 7 and caught.value.retryable


@pytest.fixture(scope="module")
def simulator():
    simulator = Simulator(Behaviour(tokens=10), keep_bodies=True)
    with simulator.running() as simulator.address:
        yield simulator


KINDS = {"openai": ALIKE}
ALL_CASES = [(other, trouble) for kind, trouble in CASES for other in KINDS.get(kind, [kind])]


@pytest.mark.parametrize(
    ("kind", "trouble"), ALL_CASES, ids=lambda value: getattr(value, "what", value)
)
async def test_troubles(kind, trouble, simulator, monkeypatch, settings):
    simulator.records.reset()
    settings.LLM_ALLOW_NETWORK = True
    if trouble.address == "full":
        monkeypatch.setattr(clients, "TIMEOUT", httpx2.Timeout(5, connect=0.2))
    if "first" in trouble.limits:  # what is imported with the first call takes longer than that
        await take_turn(kind, simulator.address, "fake-n0")
        simulator.records.reset()
    with address(trouble.address, monkeypatch) or nullcontext(simulator.address) as base:
        turn = await take_turn(
            kind, base, trouble.model, has_tool=trouble.has_tool, **trouble.limits
        )
    assert turn.ended == trouble.ending(kind)
    assert (turn.words, turn.requests, turn.calls) == (
        trouble.kept,
        trouble.requests,
        trouble.calls,
    )
    if not trouble.address:
        assert len(simulator.records.rows) == turn.requests, "the SDK's own retries are off"
    # Anthropic counts what it has read before its first word.
    told_early = kind == "anthropic" and trouble.model in ("fake-nousage", "fake-cut5")
    assert bool(turn.usage.input_tokens) == (trouble.counted or told_early)
    assert "secret" not in turn.sentence and "sk-" not in turn.sentence


@pytest.mark.parametrize("model", ["fake-d30-n999", "fake-hang3", "fake-mute"])
async def test_a_stopped_answer_hangs_up_on_the_provider(wire, model, simulator):
    """Whether it speaks, has fallen silent or has not begun."""
    simulator.records.reset()
    task = asyncio.create_task(take_turn(wire.kind, simulator.address, model))
    while not any(row.first or row.kind == "mute" for row in simulator.records.rows):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = simulator.records.rows
    async with asyncio.timeout(PATIENCE):
        while row.closed is None:
            await asyncio.sleep(0.005)
    assert row.tokens < 999, "it hung up before the end"


async def test_stopping_closes_the_providers_stream(wire):
    wire.plays([*wire.text("One", "two"), None])
    async with aclosing(wire.model().stream(ASK)) as events:
        async for _ in events:
            break
    assert wire.body.closed


async def test_silence_on_the_wire_is_a_timeout(wire):
    """The backstop of the clients, should nobody above watch."""
    with pytest.raises(LLMError, match="timeout"):
        await read(wire.plays([*wire.text("Half"), httpx2.ReadTimeout("silent")]).model())


async def test_a_longer_conversation_keeps_its_order(wire):
    wire.plays([*wire.text("x"), *wire.end("stop")])
    history = (user("first"), assistant("second"), user("third"))
    await read(wire.model(), Request(model="m", messages=history))
    sent = json.dumps(wire.requests[0])
    assert sent.index("first") < sent.index("second") < sent.index("third")


async def test_without_leave_no_real_provider_is_called(wire, settings):
    settings.LLM_ALLOW_NETWORK = False
    model = wire.adapter(wire.model().endpoint, wire.model().abilities)
    with pytest.raises(LLMError) as caught:
        await read(model)
    assert "may not be called" in str(caught.value.__cause__)
