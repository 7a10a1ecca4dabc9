import asyncio
import json
from contextlib import aclosing

import pytest

from llm.errors import llm_error
from llm.events import Completed, Finished, ReasoningDelta, TextDelta, ToolFinished, ToolStarted
from llm.loop import Tool, run_turn
from llm.messages import Opaque, Request, Text, ToolCall, ToolResult, ToolSpec, Usage, user
from llm.providers.fake import ScriptedModel, says

ASK = Request(model="m", messages=(user("why?"),))


def tool(run, name="document_search"):
    schema = {
        "type": "object",
        "properties": {"query": {"type": "string"}, "top_k": {"type": "integer"}},
        "required": ["query"],
    }
    return Tool(ToolSpec(name, "Search.", schema), run)


async def echo(arguments):
    return json.dumps(arguments)


def call(call_id="1", name="document_search", error="", **arguments):
    return ToolCall(call_id, name, arguments, error)


async def turn(model, tools=(), **options):
    async with aclosing(run_turn(model, ASK, tools, **options)) as events:
        return [event async for event in events]


async def test_text_is_passed_on_and_the_turn_ends_with_its_messages():
    usage = Usage(3, 2)
    model = ScriptedModel([ReasoningDelta("hm"), *says("Because it is."), Completed(usage)])
    events = await turn(model)
    assert [type(event) for event in events[:2]] == [ReasoningDelta, TextDelta]
    assert isinstance(events[-1], Finished)
    assert events[-1].messages[0].text == "Because it is."
    assert events[-1].usage == usage and events[-1].stop_reason == "stop"


async def test_a_tool_is_run_and_its_result_told_to_the_model():
    opaque = Opaque("anthropic", [{"type": "thinking"}])
    first = [
        TextDelta("Let me look."),
        call(query="cells"),
        Completed(Usage(1, 1), "tool_calls", opaque),
    ]
    model = ScriptedModel(first, [*says("Found."), Completed(Usage(2, 2, 1, 1))])
    events = await turn(model, [tool(echo)])
    kinds = [type(event) for event in events]
    assert kinds == [TextDelta, ToolStarted, ToolFinished, TextDelta, Finished]
    finished = events[-1]
    assert [message.role for message in finished.messages] == ["assistant", "tool", "assistant"]
    assert finished.messages[0].parts == (Text("Let me look."), call(query="cells"), opaque)
    assert finished.messages[1].parts == (ToolResult("1", "document_search", '{"query": "cells"}'),)
    assert finished.usage == Usage(3, 3, 1, 1)
    assert model.requests[1].messages == (*ASK.messages, *finished.messages[:2])


async def test_parallel_calls_run_together_and_answer_in_their_order():
    running = asyncio.Barrier(2)

    async def wait_for_the_other(arguments):
        await running.wait()
        if arguments["query"] == "a":
            await asyncio.sleep(0.01)
        return arguments["query"]

    model = ScriptedModel([call("1", query="a"), call("2", query="b")], says("ok"))
    events = await turn(model, [tool(wait_for_the_other)], tool_timeout=5)
    ended = [event.call.id for event in events if isinstance(event, ToolFinished)]
    assert ended == ["2", "1"]
    results = events[-1].messages[1].parts
    assert [(part.call_id, part.content) for part in results] == [("1", "a"), ("2", "b")]


async def boom(arguments):
    raise ValueError("secret detail")


async def never(arguments):
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("asked", "run", "told"),
    [
        (call(name="nope", query="x"), echo, "There is no tool nope. There are: document_search."),
        (call(error="Expecting value."), echo, "cannot be read: Expecting value."),
        (call(), echo, "needs the argument query"),
        (call(query=3), echo, "query of document_search has to be of type string"),
        (call(query="x", top_k=True), echo, "top_k of document_search has to be of type integer"),
        (call(query="x"), boom, "document_search failed"),
        (call(query="x"), never, "took longer than 0.05 seconds"),
    ],
)
async def test_whatever_goes_wrong_with_a_tool_is_told_to_the_model(asked, run, told):
    model = ScriptedModel([asked], says("Sorry."))
    events = await turn(model, [tool(run)], tool_timeout=0.05)
    result = next(event.result for event in events if isinstance(event, ToolFinished))
    assert result.is_error and told in result.content and "secret" not in result.content
    assert events[-1].stop_reason == "stop" and events[-1].messages[-1].text == "Sorry."


async def test_when_the_rounds_are_spent_the_model_is_asked_to_answer_without_tools():
    model = ScriptedModel([call("1", query="a")], [call("2", query="b")], says("Well then."))
    events = await turn(model, [tool(echo)], max_rounds=2)
    assert [request.call_tools for request in model.requests] == [True, True, False]
    assert model.requests[-1].tools, "the specs stay: the conversation holds calls to them"
    assert events[-1].messages[-1].text == "Well then." and events[-1].stop_reason == "stop"


async def test_a_call_after_the_last_round_is_not_left_hanging():
    script = [
        TextDelta("I would "),
        call("2", query="b"),
        Completed(opaque=Opaque("x", 1), stop_reason="tool_calls"),
    ]
    model = ScriptedModel([call("1", query="a")], script)
    events = await turn(model, [tool(echo)], max_rounds=1)
    assert events[-1].messages[-1].parts == (Text("I would "),)
    assert events[-1].stop_reason == "incomplete"


@pytest.mark.parametrize("reason", ["length", "refusal", "content_filter", "incomplete"])
async def test_calls_of_an_answer_that_broke_off_are_not_run(reason):
    model = ScriptedModel([TextDelta("a"), call(query="x"), Completed(stop_reason=reason)])
    events = await turn(model, [tool(boom)])
    assert [type(event) for event in events] == [TextDelta, Finished]
    assert events[-1].stop_reason == reason and not events[-1].messages[-1].tool_calls


async def test_an_answer_without_anything_leaves_no_message():
    events = await turn(ScriptedModel([Completed(stop_reason="refusal")]))
    assert events == [Finished((), Usage(), "refusal")]


async def test_an_error_in_mid_answer_reaches_the_caller():
    model = ScriptedModel([TextDelta("half"), llm_error("interrupted")])
    with pytest.raises(type(llm_error("timeout"))) as caught:
        await turn(model)
    assert caught.value.code == "interrupted" and model.closed == 1


async def test_stopping_closes_the_models_stream():
    model = ScriptedModel([TextDelta("a"), TextDelta("b"), 60.0])
    async with aclosing(run_turn(model, ASK, ())) as events:
        async for _ in events:
            break
    assert model.closed == 1


async def test_stopping_cancels_running_tools():
    cancelled = asyncio.Event()

    async def slow(arguments):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def read():
        async with aclosing(
            run_turn(ScriptedModel([call(query="x")]), ASK, [tool(slow)])
        ) as events:
            async for event in events:
                if isinstance(event, ToolStarted):
                    started.set()

    started = asyncio.Event()
    task = asyncio.create_task(read())
    await started.wait()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled.is_set()


async def test_calls_of_the_askers_own_tools_end_the_turn_and_are_handed_back():
    theirs = ToolSpec("weather", "Weather.", {"type": "object"})
    own = call("w1", "weather", town="Ubud")
    opaque = Opaque("google", {"signed": True})
    model = ScriptedModel(
        [call(query="cells"), Completed(Usage(1, 1), "tool_calls")],
        [
            TextDelta("Hm."),
            own,
            call("2", query="more"),
            Completed(Usage(2, 2), "tool_calls", opaque),
        ],
    )
    events = await turn(model, [tool(echo)], handed_back=[theirs])
    finished = events[-1]
    assert finished.stop_reason == "tool_calls" and finished.usage == Usage(3, 3)
    # The search beside it is left out, and with it the provider's own words, which hold it.
    assert finished.messages[-1].parts == (Text("Hm."), own)
    assert [spec.name for spec in model.requests[0].tools] == ["document_search", "weather"]


async def test_what_cannot_be_read_is_not_handed_back_but_told_to_the_model():
    theirs = ToolSpec("weather", "Weather.", {"type": "object"})
    broken = call("w1", "weather", error="Expecting value at character 3.")
    model = ScriptedModel([broken], says("Never mind."))
    events = await turn(model, handed_back=[theirs])
    told = model.requests[1].messages[-1].parts[0]
    assert told.is_error and "cannot be read" in told.content
    assert events[-1].messages[-1].text == "Never mind."
