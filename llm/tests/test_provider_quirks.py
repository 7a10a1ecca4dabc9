"""What single providers and servers do differently; each was met in the wild or in their docs."""

import json
from contextlib import aclosing

import pytest

from llm.errors import LLMError
from llm.events import ReasoningDelta, TextDelta
from llm.messages import Message, Request, ToolCall, ToolResult, ToolSpec, user
from llm.tests.wires import AnthropicWire, GoogleWire, OpenAIWire, sse

SEARCH = ToolSpec("document_search", "Search.", {"type": "object", "properties": {}})
ASK = Request(model="m", messages=(user("why?"),), tools=(SEARCH,))


async def read(model, request=ASK):
    async with aclosing(model.stream(request)) as events:
        return [event async for event in events]


async def openai(*pieces, **abilities):
    wire = OpenAIWire().plays(list(pieces))
    return await read(wire.model(**abilities))


def calls_in(events):
    return [event for event in events if isinstance(event, ToolCall)]


def piece(index, call_id, name, arguments):
    call = {"function": {"name": name, "arguments": arguments}}
    if index is not None:
        call["index"] = index
    if call_id:
        call["id"] = call_id
    return OpenAIWire().chunk({"tool_calls": [call]})


FINISH = OpenAIWire().chunk({}, "tool_calls")


@pytest.mark.parametrize(
    "pieces",
    [
        # Ollama: whole, at once, and it may say "stop" afterwards.
        [
            piece(0, "a", "s", '{"q": 1}'),
            piece(1, "b", "s", '{"q": 2}'),
            OpenAIWire().chunk({}, "stop"),
        ],
        # Every call under index 0, told apart by id only.
        [piece(0, "a", "s", '{"q": 1}'), piece(0, "b", "s", '{"q": 2}'), FINISH],
        # No index at all.
        [piece(None, "a", "s", '{"q": 1}'), piece(None, "b", "s", '{"q": 2}'), FINISH],
        # The id and the name again with each fragment.
        [
            piece(0, "a", "s", '{"q"'),
            piece(0, "a", "s", ": 1}"),
            piece(1, "b", "s", ""),
            piece(1, "b", "", '{"q": 2}'),
            FINISH,
        ],
        # Interleaved.
        [
            piece(0, "a", "s", ""),
            piece(1, "b", "s", '{"q": '),
            piece(0, "", "", '{"q": 1}'),
            piece(1, "", "", "2}"),
            FINISH,
        ],
    ],
)
async def test_fragments_of_calls_in_every_order(pieces):
    events = await openai(*pieces)
    assert [(call.id, call.arguments) for call in calls_in(events)] == [
        ("a", {"q": 1}),
        ("b", {"q": 2}),
    ]
    assert events[-1].stop_reason == "tool_calls"


async def test_calls_without_ids_get_some():
    events = await openai(piece(0, "", "s", "{}"), piece(1, "", "s", "{}"), FINISH)
    assert len({call.id for call in calls_in(events)}) == 2


async def test_chunks_without_choices_or_delta_are_passed_over():
    null = sse({"id": "c", "object": "chat.completion.chunk", "choices": None})
    empty = sse({"id": "c", "choices": [{"index": 0, "delta": None, "finish_reason": None}]})
    events = await openai(null, empty, *OpenAIWire().text("ok"), OpenAIWire().chunk({}, "stop"))
    assert events[0] == TextDelta("ok") and events[-1].stop_reason == "stop"


async def test_keep_alive_comments_are_no_events():
    events = await openai(b": OPENROUTER PROCESSING\n\n", *OpenAIWire().text("ok"))
    assert events[0] == TextDelta("ok")


async def test_a_refusal_is_text_with_a_reason():
    refusal = OpenAIWire().chunk({"refusal": "I cannot."})
    events = await openai(refusal, OpenAIWire().chunk({}, "stop"))
    assert events[0] == TextDelta("I cannot.") and events[-1].stop_reason == "refusal"


async def test_openrouters_name_for_reasoning():
    events = await openai(OpenAIWire().chunk({"reasoning": "hm"}), OpenAIWire().chunk({}, "stop"))
    assert events[0] == ReasoningDelta("hm")


async def test_reasoning_goes_back_while_tools_are_called():
    details = [{"type": "reasoning.text", "text": "hm"}]
    events = await openai(
        OpenAIWire().chunk({"reasoning_content": "h"}),
        OpenAIWire().chunk({"reasoning_content": "m", "reasoning_details": details}),
        piece(0, "a", "s", "{}"),
        FINISH,
    )
    (call,), opaque = calls_in(events), events[-1].opaque
    wire = OpenAIWire()
    wire.plays([*wire.text("x"), *wire.end("stop")])
    history = (Message("assistant", (call, opaque)), Message("tool", (ToolResult("a", "s", "r"),)))
    await read(wire.model(), Request(model="m", messages=(user("q"), *history)))
    sent = wire.requests[0]["messages"][1]
    assert sent["reasoning_content"] == "hm" and sent["reasoning_details"] == details


@pytest.mark.parametrize("code", [429, "429"])
async def test_openrouter_tells_errors_with_status_200(code):
    with pytest.raises(LLMError, match="rate_limited"):
        await openai(sse({"error": {"code": code, "message": "upstream busy"}}))


async def test_hugging_faces_error_body_may_be_a_bare_string():
    with pytest.raises(LLMError, match="bad_request"):
        await read(OpenAIWire().fails(422, "nope").model())


async def test_the_field_for_the_longest_answer_is_data():
    wire = OpenAIWire()
    wire.plays([*wire.text("x"), *wire.end("stop")])
    request = Request(model="m", messages=(user("q"),), max_tokens=7)
    await read(wire.model(parameters={"max_tokens": "max_completion_tokens"}), request)
    assert wire.requests[0]["max_completion_tokens"] == 7 and "max_tokens" not in wire.requests[0]


async def test_usage_is_not_asked_of_a_server_that_refuses_the_field():
    wire = OpenAIWire()
    wire.plays([*wire.text("x"), *wire.end("stop")])
    await read(wire.model(parameters={"stream_usage": False}))
    assert "stream_options" not in wire.requests[0]


async def test_a_call_that_ran_out_of_tokens_is_not_a_call_to_answer():
    """The stop reason stays "length": the loop runs nothing that was cut."""
    wire = AnthropicWire()
    start = {"type": "tool_use", "id": "t", "name": "s", "input": {}}
    cut = wire.block(start, [{"type": "input_json_delta", "partial_json": '{"q": "ha'}])
    events = await read(wire.plays([*cut, *wire.end("length")]).model())
    assert events[-1].stop_reason == "length" and calls_in(events)[0].error


async def test_anthropic_may_refuse_without_a_word():
    wire = AnthropicWire()
    (completed,) = await read(wire.plays(wire.end("refusal")).model())
    assert completed.stop_reason == "refusal"


async def test_anthropics_paused_turn_is_incomplete():
    wire = AnthropicWire()
    wire.stops = {**wire.stops, "pause": "pause_turn"}
    events = await read(wire.plays([*wire.text("x"), *wire.end("pause")]).model())
    assert events[-1].stop_reason == "incomplete"


async def test_anthropic_always_gets_a_limit():
    wire = AnthropicWire()
    wire.plays([*wire.text("x"), *wire.end("stop")])
    await read(wire.model())
    assert wire.requests[0]["max_tokens"] == 4096


async def test_google_blocks_a_prompt_without_candidates():
    blocked = sse({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
    (completed,) = await read(GoogleWire().plays([blocked]).model())
    assert completed.stop_reason == "content_filter"


async def test_google_breaks_a_call_of_its_own():
    wire = GoogleWire()
    broken = sse({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "index": 0}]})
    with pytest.raises(LLMError, match="malformed") as caught:
        await read(wire.plays([broken]).model())
    assert caught.value.retryable


async def test_google_gives_no_ids_and_gets_none_back():
    wire = GoogleWire()
    wire.plays([*wire.calls(("", "document_search", ['{"q": "a"}'])), *wire.end("tool_calls")])
    events = await read(wire.model())
    (call,) = calls_in(events)
    second = GoogleWire()
    second.plays([*second.text("x"), *second.end("stop")])
    answer = Message("assistant", (call, events[-1].opaque))
    result = Message("tool", (ToolResult(call.id, call.name, "r"),))
    await read(second.model(), Request(model="m", messages=(user("q"), answer, result)))
    contents = second.requests[0]["contents"]
    assert contents[1]["parts"][0]["thoughtSignature"] == "c2lnbmVk"
    assert contents[2]["role"] == "user"
    assert contents[2]["parts"][0]["functionResponse"] == {
        "name": "document_search",
        "response": {"result": "r"},
    }
    assert call.id not in json.dumps(contents)


async def test_google_thinks_until_its_tokens_are_spent():
    wire = GoogleWire()
    events = await read(wire.plays([*wire.reasoning("hm"), *wire.end("length")]).model())
    assert events[0] == ReasoningDelta("hm") and events[-1].stop_reason == "length"
    assert events[-1].usage.reasoning_tokens == 4
