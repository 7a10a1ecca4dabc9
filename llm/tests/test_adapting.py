"""Servers that speak OpenAI's protocol in part, through the real SDK."""

import json
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import httpx2
import pytest

from llm.base import Abilities, Endpoint
from llm.errors import LLMError
from llm.events import Completed, Event, ReasoningDelta, TextDelta
from llm.messages import Request, ToolCall, ToolSpec, Wishes, user
from llm.providers import adapting
from llm.providers.openai import OpenAIModel
from llm.tests.wires import OpenAIWire

SEARCH = ToolSpec("document_search", "Search.", {"type": "object", "properties": {}})
Refuse = Callable[[dict[str, Any]], tuple[int, dict[str, Any]] | None]


@pytest.fixture(autouse=True)
def _nothing_learned() -> Iterator[None]:
    adapting.forget()
    yield
    adapting.forget()


class Server:
    """Refuses what it does not take; to all else it says yes."""

    def __init__(self, refuse: Refuse) -> None:
        self.refuse = refuse
        self.bodies: list[dict[str, Any]] = []

    def model(self, **abilities: Any) -> OpenAIModel:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))
        return OpenAIModel(Endpoint("openai", "http://own.test/v1"), Abilities(**abilities), http)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        if refused := self.refuse(body):
            return httpx2.Response(refused[0], json=refused[1])
        wire = OpenAIWire()
        said = b"".join([*wire.text("yes"), *wire.end("stop")])
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=said)


def unknown(*fields: str) -> Refuse:
    """As FastAPI servers and OpenAI itself say it, one field at a time."""

    def refuse(body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        found = next((field for field in fields if field in body), None)
        if found is None:
            return None
        error = {"message": f"Unsupported parameter: '{found}'", "param": found, "code": "x"}
        return 400, {"error": error}

    return refuse


async def asked(model: OpenAIModel, **fields: Any) -> list[Event]:
    request = Request(model="m", messages=(user("why?"),), system="Be kind.", **fields)
    async with aclosing(model.stream(request)) as events:
        return [event async for event in events]


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_fields_a_server_does_not_know_are_left_out_from_then_on() -> None:
    server = Server(unknown("stream_options", "parallel_tool_calls", "temperature"))
    model = server.model(parameters={"temperature": True})
    wishes = Wishes(temperature=0.5, parallel_tool_calls=False)
    assert said(await asked(model, wishes=wishes, tools=(SEARCH,))) == "yes"
    assert len(server.bodies) == 4
    assert said(await asked(model, wishes=wishes, tools=(SEARCH,))) == "yes"
    assert len(server.bodies) == 5 and "tools" in server.bodies[-1]
    other = Server(unknown()).model()
    assert said(await asked(other)) == "yes"


async def test_the_longest_answer_goes_by_the_name_a_server_knows() -> None:
    server = Server(unknown("max_tokens"))
    await asked(server.model(), max_tokens=99)
    assert server.bodies[-1]["max_completion_tokens"] == 99
    adapting.forget()
    server = Server(unknown("max_completion_tokens"))
    await asked(server.model(parameters={"max_tokens": "max_completion_tokens"}), max_tokens=99)
    assert server.bodies[-1]["max_tokens"] == 99
    adapting.forget()
    server = Server(unknown("max_completion_tokens", "max_tokens"))
    assert said(await asked(server.model(), max_tokens=99)) == "yes" and len(server.bodies) == 3
    assert not {"max_completion_tokens", "max_tokens"} & set(server.bodies[-1])


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "max_tokens is too large: 99. This model supports at most 9"}},
        {"error": {"message": "Unsupported value: response_format", "param": "response_format"}},
        {"error": {"message": "Invalid 'messages[1].content'"}},
        {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
    ],
)
async def test_what_was_asked_for_by_name_is_not_dropped_in_silence(body: dict[str, Any]) -> None:
    server = Server(lambda _sent: (400, body))
    with pytest.raises(LLMError, match="bad_request"):
        wishes = Wishes(seed=1, response_format={"type": "json_object"})
        await asked(server.model(), wishes=wishes, max_tokens=99)
    assert len(server.bodies) == 1


async def test_a_server_that_refuses_whatever_is_left_out_is_not_asked_for_ever() -> None:
    error = {"error": {"message": "stream_options, max_tokens: extra fields not permitted"}}
    server = Server(lambda _sent: (422, error))
    with pytest.raises(LLMError, match="bad_request"):
        await asked(server.model(), max_tokens=99)
    assert len(server.bodies) == 3
    server.refuse = unknown()
    await asked(server.model())
    assert "stream_options" in server.bodies[-1], "nothing is learned from what did not help"


async def test_a_template_without_a_system_role_gets_it_with_the_question() -> None:
    def refuse(body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        if body["messages"][0]["role"] == "system":
            return 400, {"error": {"message": "System role not supported"}}
        return None

    server = Server(refuse)
    assert said(await asked(server.model())) == "yes"
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": "Be kind.\n\nwhy?"}]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        # Ollama, vLLM as it is started by default, llama.cpp, OpenRouter.
        (400, "registry.ollama.ai/library/gemma2:2b does not support tools"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser'),
        (500, "tools param requires --jinja flag; tools are not supported"),
        (404, "No endpoints found that support tool use."),
    ],
)
async def test_a_model_without_tools_is_known_by_what_its_server_says(
    status: int, message: str
) -> None:
    server = Server(lambda sent: (status, {"error": {"message": message}}))
    with pytest.raises(LLMError, match="no_tools"):
        await asked(server.model(), tools=(SEARCH,))
    assert len(server.bodies) == 1
    with pytest.raises(LLMError) as failed:
        await asked(server.model())
    assert failed.value.code != "no_tools"


async def test_an_answer_that_comes_at_once_is_an_answer() -> None:
    call = {"id": "a", "function": {"name": "s", "arguments": "{}"}}
    message = {"role": "assistant", "content": "<think>hm</think> yes", "tool_calls": [call, call]}
    answer = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    http = httpx2.AsyncClient(
        transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, json=answer))
    )
    model = OpenAIModel(Endpoint("openai", "http://own.test/v1"), Abilities(), http)
    *events, end = await asked(model)
    assert [event for event in events if isinstance(event, ReasoningDelta | TextDelta)] == [
        ReasoningDelta("hm"),
        TextDelta("yes"),
    ]
    assert len([event for event in events if isinstance(event, ToolCall)]) == 2
    assert isinstance(end, Completed) and end.stop_reason == "tool_calls"
    assert (end.usage.input_tokens, end.usage.output_tokens) == (3, 2)


async def test_text_in_parts_is_read_and_thoughts_among_them() -> None:
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    text = [{"type": "text", "text": "yes"}]
    wire = OpenAIWire()
    pieces = [wire.chunk({"content": thought}), wire.chunk({"content": text}), *wire.end("stop")]
    *events, _end = await asked(wire.plays(pieces).model())
    assert events == [ReasoningDelta("hm"), TextDelta("yes")]
