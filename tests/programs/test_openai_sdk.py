"""The OpenAI SDK as it is, pointed at a running Lontar."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from accounts.api_keys import make_key
from accounts.models import Limit
from chat.assistants import services as assistants
from core.db import come_to_rest
from documents.models import Collection
from llm.base import Endpoint
from llm.errors import llm_error
from llm.events import Completed, ReasoningDelta
from llm.messages import Image, ToolCall, Usage
from llm.metering import budgets
from llm.models import Budget, LanguageModel, ModelCall
from prompts import services as prompts
from tests.patience import PATIENCE
from tests.programs.conftest import Play

ABLE = "campus/able"
ASK: list[Any] = [{"role": "user", "content": "What does the Calvin cycle build?"}]
SEARCH = ToolCall("s1", "document_search", {"query": "What does the Calvin cycle build?"})
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town.",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}},
    },
}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
PICTURE = "data:image/png;base64," + base64.b64encode(PNG).decode()


@pytest.fixture
def client(product: str, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{product}/v1", api_key=key, max_retries=0) as made:
        yield made


def looking(url: str) -> list[Any]:
    image = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}]


def error_of(caught: Any) -> tuple[Any, ...]:
    error = caught.value
    return error.status_code, error.type, error.param, error.code


def test_models_are_listed_and_looked_up(client: openai.OpenAI, able: LanguageModel) -> None:
    listed = client.models.list().data
    assert [model.id for model in listed] == [ABLE, "quotes"]
    assert client.models.retrieve(ABLE).owned_by == "Campus GPU"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-none")
    assert error_of(caught) == (404, "invalid_request_error", "model", "model_not_found")


def test_assistants_are_models_to_those_they_are_open_to(
    client: openai.OpenAI, able: LanguageModel, alice: Any, admin: Any, notes: Any, play: Play
) -> None:
    prompt = prompts.create_prompt(actor=admin, name="Biology", content="Teach {course} well.")
    shared = Collection.objects.create(name="Course", kind="shared", owner=admin)
    made = {"model_id": able.pk, "prompt_id": prompt.pk, "tools": ["document_search"]}
    tutor = assistants.create_assistant(
        actor=admin, name="Cell tutor", users=[alice.email], collections=[shared.pk], **made
    )
    assistants.create_assistant(actor=admin, name="For others", **made)
    assert client.models.list().data[0].id == "assistant:cell-tutor"
    play([SEARCH], ["Nothing there."], ["Again."])
    answer = client.chat.completions.create(
        model="assistant:cell-tutor", messages=[{"role": "system", "content": "Be short."}, *ASK]
    )
    assert answer.model == "assistant:cell-tutor" and answer.usage
    assert "Teach Cell tutor well.\n\nBe short." in play.requests[0].system
    # Alice's own notes are not among the assistant's collections.
    assert answer.choices[0].message.citations == []  # type: ignore[attr-defined]
    client.chat.completions.create(model=str(tutor.pk), messages=ASK)
    for closed in ("assistant:for-others", "assistant:none"):
        with pytest.raises(openai.NotFoundError) as caught:
            client.chat.completions.create(model=closed, messages=ASK)
        assert caught.value.code == "model_not_found"


def test_the_built_in_answerer_quotes_the_callers_material(
    client: openai.OpenAI, notes: Any
) -> None:
    answer = client.chat.completions.create(model="quotes", messages=ASK)
    message: Any = answer.choices[0].message
    assert answer.model == "quotes" and answer.choices[0].finish_reason == "stop"
    assert "[1]" in message.content and "notes.txt" in message.content
    cited = [row for row in message.citations if row["cited"]]
    assert cited[0]["document"] == "notes.txt" and cited[0]["verified"] is True
    assert "Calvin cycle" in cited[0]["quote"]
    assert answer.usage and answer.usage.total_tokens > 0


def test_a_model_searches_and_its_answer_streams_with_citations(
    client: openai.OpenAI, able: LanguageModel, notes: Any, play: Play
) -> None:
    text = ["It builds ", "“sugar from carbon dioxide” [1", "]. And nothing [7]."]
    play([SEARCH], [ReasoningDelta("Hm."), *text])
    stream = client.chat.completions.create(
        model=ABLE, messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    begin, _, listed = said.partition("\n\n---\n")
    assert begin == "It builds “sugar from carbon dioxide” [1]. And nothing."
    assert listed == "Sources:\n\n- [1] notes.txt"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    citation = chunks[-2].choices[0].delta.citations[0]  # type: ignore[attr-defined]
    assert (citation["document"], citation["page"], citation["verified"]) == ("notes.txt", 1, True)
    assert chunks[-1].choices == [] and chunks[-1].usage
    assert chunks[-1].usage.model_dump()["total_tokens"] == 30  # both calls of the model
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].choices[0].delta.role
    thoughts = [getattr(c.choices[0].delta, "reasoning_content", "") for c in chunks[:-1]]
    assert "".join(filter(None, thoughts)) == "Hm."
    asked = play.requests[0]
    assert "document_search" in asked.system and asked.tools[0].name == "document_search"


def test_an_earlier_answer_goes_back_without_marks_and_list(
    client: openai.OpenAI, able: LanguageModel, play: Play
) -> None:
    earlier = "Sugar [1].\n\n---\nSources:\n\n- [1] notes.txt, page 1"
    play(["Yes."])
    client.chat.completions.create(
        model=ABLE,
        messages=[
            {"role": "system", "content": "Be short."},
            *ASK,
            {"role": "assistant", "content": earlier},
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": "Really?"},
        ],
    )
    sent = play.requests[0]
    assert [m.text for m in sent.messages] == [ASK[0]["content"], "Sugar.", "Really?"]
    assert "Be short.\n\nBe kind." in sent.system


def test_tools_of_the_client_are_called_and_answered(
    client: openai.OpenAI, able: LanguageModel, play: Play
) -> None:
    calls = [
        ToolCall("c1", "weather", {"town": "Ubud"}),
        ToolCall("c2", "weather", {"town": "Solo"}),
    ]
    play(["Let me see.", *calls, SEARCH], ["Dry in both."])
    first = client.chat.completions.create(model=ABLE, messages=ASK, tools=[WEATHER])
    choice = first.choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content == "Let me see."
    made = choice.message.tool_calls or []
    assert [(c.id, json.loads(c.function.arguments)) for c in made] == [  # type: ignore[union-attr]
        ("c1", {"town": "Ubud"}),
        ("c2", {"town": "Solo"}),
    ]
    results: list[Any] = [
        {"role": "tool", "tool_call_id": call.id, "content": f"dry {n}"}
        for n, call in enumerate(made)
    ]
    again: list[Any] = [*ASK, choice.message.model_dump(), *results]
    second = client.chat.completions.create(model=ABLE, messages=again, tools=[WEATHER])
    assert second.choices[0].message.content == "Dry in both."
    sent = play.requests[1].messages
    assert [m.role for m in sent] == ["user", "assistant", "tool"]
    assert [part.content for part in sent[2].parts] == ["dry 0", "dry 1"]  # type: ignore[union-attr]
    assert {tool.name for tool in sent and play.requests[1].tools} == {"document_search", "weather"}


def test_tool_calls_stream_and_can_be_demanded(
    client: openai.OpenAI, able: LanguageModel, play: Play
) -> None:
    play([ToolCall("c1", "weather", {"town": "Ubud"})])
    chunks = list(
        client.chat.completions.create(
            model=ABLE,
            messages=ASK,
            tools=[WEATHER],
            tool_choice={"type": "function", "function": {"name": "weather"}},
            parallel_tool_calls=False,
            stream=True,
        )
    )
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [(d.index, d.id, d.function and d.function.name) for d in deltas] == [
        (0, "c1", "weather")
    ]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    asked = play.requests[0]
    assert asked.wishes.tool_choice == "weather" and asked.wishes.parallel_tool_calls is False
    assert [tool.name for tool in asked.tools] == ["weather"]


def test_pictures_reach_a_model_that_sees(
    client: openai.OpenAI, able: LanguageModel, play: Play
) -> None:
    play(["A dot."])
    client.chat.completions.create(model=ABLE, messages=looking(PICTURE))
    assert Image("image/png", PNG) in play.requests[0].messages[0].parts
    for url, code in (
        ("https://example.org/x.png", "invalid_image_url"),
        ("data:image/png;base64,###", "invalid_image_url"),
        ("data:image/svg+xml;base64,PHN2Zz4=", "invalid_image_format"),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model=ABLE, messages=looking(url))
        assert error_of(caught)[2:] == ("messages[0].content[1].image_url.url", code)
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="quotes", messages=looking(PICTURE))
    assert error_of(caught)[3] == "unsupported_image"


def test_wishes_reach_the_model_and_unknown_ones_do_no_harm(
    client: openai.OpenAI, able: LanguageModel, play: Play
) -> None:
    play(['{"n": [1]}', Completed(Usage(3, 2), "length")])
    schema: Any = {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"type": "object"}},
    }
    answer = client.chat.completions.create(
        model=ABLE,
        messages=ASK,
        temperature=0.2,
        top_p=0.9,
        seed=7,
        stop=["END"],
        max_completion_tokens=50,
        presence_penalty=0.5,
        response_format=schema,
        user="somebody",
        extra_body={"min_p": 0.1},
    )
    assert answer.choices[0].message.content == '{"n": [1]}'
    assert answer.choices[0].finish_reason == "length"
    asked = play.requests[0]
    assert (asked.wishes.temperature, asked.wishes.seed, asked.wishes.stop) == (0.2, 7, ("END",))
    assert asked.wishes.response_format == schema and asked.max_tokens == 50


def test_the_built_in_answerer_takes_what_it_can_keep(client: openai.OpenAI) -> None:
    short = client.chat.completions.create(
        model="quotes", messages=ASK, max_tokens=3, temperature=0, seed=1
    )
    assert short.choices[0].finish_reason == "length"
    assert len((short.choices[0].message.content or "").split()) == 3


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"temperature": 3}, "temperature"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"stop": "x"}, "stop"),
        ({"tools": [WEATHER]}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages"),
        ({"messages": [{"role": "clown", "content": "x"}]}, "messages[0].role"),
        ({"messages": [*ASK, {"role": "assistant", "content": "x"}]}, "messages"),
        (
            {"messages": [*ASK, {"role": "tool", "tool_call_id": "x", "content": "y"}]},
            "messages[1].tool_call_id",
        ),
        ({"messages": [{"role": "user", "content": "palm " * 9000}]}, "messages"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(
    client: openai.OpenAI, wish: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": "quotes", "messages": ASK, **wish})
    assert caught.value.param == param and caught.value.type == "invalid_request_error"
    assert not ModelCall.objects.exists()


@pytest.mark.parametrize(
    ("code", "error", "told"),
    [
        ("rate_limited", openai.RateLimitError, "rate_limit_exceeded"),
        ("budget", openai.RateLimitError, "insufficient_quota"),
        ("context_too_long", openai.BadRequestError, "context_length_exceeded"),
        ("unavailable", openai.InternalServerError, "model_unavailable"),
        ("auth", openai.InternalServerError, "provider_refused_key"),
        ("unknown_model", openai.NotFoundError, "model_not_found"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_failure_before_a_word_is_the_sdks_own_error(
    client: openai.OpenAI,
    able: LanguageModel,
    play: Play,
    code: str,
    error: Any,
    told: str,
    stream: bool,
) -> None:
    play([llm_error(code)])
    with pytest.raises(error) as caught:
        client.chat.completions.create(model=ABLE, messages=ASK, stream=stream)
    assert caught.value.code == told
    if error is openai.RateLimitError:
        assert int(caught.value.response.headers["Retry-After"]) > 0


def test_a_failure_in_the_middle_is_told_in_the_stream(
    client: openai.OpenAI, able: LanguageModel, play: Play
) -> None:
    play(["Half of "], [])
    play.scripts[0].append(llm_error("interrupted"))
    said = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in client.chat.completions.create(model=ABLE, messages=ASK, stream=True):
            said.append(chunk.choices[0].delta.content)
    assert "".join(filter(None, said)) == "Half of"
    assert caught.value.code == "model_interrupted"


def test_who_goes_away_ends_the_models_stream(
    client: openai.OpenAI, able: LanguageModel, play: Play
) -> None:
    play(["First words. ", threading.Event()])
    with client.chat.completions.create(model=ABLE, messages=ASK, stream=True) as stream:
        assert next(chunk for chunk in stream if chunk.choices[0].delta.content)
        assert not play.left.is_set()
    assert play.left.wait(PATIENCE)
    play.left.clear()
    play([threading.Event()])
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=2).chat.completions.create(model=ABLE, messages=ASK)
    assert play.left.wait(PATIENCE)


async def test_the_async_client_streams_too(product: str, key: str, able: Any, play: Play) -> None:
    play(["One ", "two."], ["Three."])
    async with openai.AsyncOpenAI(base_url=f"{product}/v1", api_key=key) as client:
        stream = await client.chat.completions.create(model=ABLE, messages=ASK, stream=True)
        said = [chunk.choices[0].delta.content async for chunk in stream]
        assert "".join(filter(None, said)) == "One two."
        whole = await client.chat.completions.create(model=ABLE, messages=ASK)
        assert whole.choices[0].message.content == "Three."


def test_keys_open_what_their_scopes_say(product: str, client: openai.OpenAI, alice: Any) -> None:
    reading = make_key(actor=alice, name="Reader", scopes=["files:read"])[1]
    for raw, error, code in (
        ("lontar_nobody", openai.AuthenticationError, "invalid_api_key"),
        (reading, openai.PermissionDeniedError, "insufficient_permissions"),
    ):
        with pytest.raises(error) as caught:
            client.with_options(api_key=raw).models.list()
        assert caught.value.code == code


def test_asking_too_often_is_a_rate_limit(client: openai.OpenAI, product: str) -> None:
    Limit.objects.create(action="chat", per_user="1/h", per_address="")
    client.chat.completions.create(model="quotes", messages=ASK)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="quotes", messages=ASK)
    assert caught.value.code == "rate_limit_exceeded"
    assert int(caught.value.response.headers["Retry-After"]) > 3000


def test_calls_are_charged_to_who_asked(client: openai.OpenAI, alice: Any) -> None:
    client.chat.completions.create(model="quotes", messages=ASK)
    come_to_rest(10)
    calls = ModelCall.objects.filter(kind="chat")
    assert len(calls) == 2  # one that searched, one that answered
    for call in calls:
        assert (call.user_id, call.session_id, call.outcome) == (alice.pk, None, "complete")


def test_vectors_come_as_the_sdk_asks_for_them(client: openai.OpenAI) -> None:
    texts = ["palm leaf", "carbon dioxide"]
    packed = client.embeddings.create(model="all-MiniLM-L6-v2", input=texts)
    plain = client.embeddings.create(
        model="all-MiniLM-L6-v2", input=texts, encoding_format="float", dimensions=384
    )
    assert [row.index for row in packed.data] == [0, 1] and packed.usage.total_tokens > 0
    for one, other in zip(packed.data, plain.data, strict=True):
        assert len(one.embedding) == 384
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
    many = client.embeddings.create(
        model="all-MiniLM-L6-v2", input=[f"leaf {n}" for n in range(130)]
    )
    assert [row.index for row in many.data] == list(range(130))
    alone = client.embeddings.create(model="all-MiniLM-L6-v2", input="leaf 129").data[0].embedding
    assert many.data[129].embedding == pytest.approx(alone, abs=1e-3)


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": [[1, 2]]}, "input"),
        ({"input": "x" * 40_000}, "input"),
        ({"dimensions": 10}, "dimensions"),
    ],
)
def test_vectors_nobody_can_make_are_refused(
    client: openai.OpenAI, wish: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.post(
            "/embeddings", body={"model": "all-MiniLM-L6-v2", "input": "x", **wish}, cast_to=object
        )
    assert caught.value.param == param
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="x")


def test_a_used_up_budget_ends_vectors_that_cost(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    Budget.objects.create(scope="user", limit_tokens=0)
    # Made on this machine they cost nothing.
    client.embeddings.create(model="all-MiniLM-L6-v2", input="leaf")
    elsewhere = Endpoint("openai_compatible", "http://gateway/v1")
    monkeypatch.setattr("llm.embeddings.factory.endpoint_of", lambda model: elsewhere)
    budgets.forget()
    with pytest.raises(openai.RateLimitError) as caught:
        client.embeddings.create(model="all-MiniLM-L6-v2", input="leaf")
    assert caught.value.code == "insufficient_quota" and "renews" in str(caught.value)
