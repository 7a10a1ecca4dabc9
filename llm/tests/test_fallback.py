"""Who answers when the chosen model does not."""

from contextlib import aclosing

import pytest

from llm import health
from llm.errors import LLMError, llm_error
from llm.events import Finished, TextDelta
from llm.fallback import Answerer, Candidate
from llm.loop import Tool, run_turn
from llm.messages import Request, ToolCall, ToolSpec, user
from llm.models import LanguageModel, Provider
from llm.providers.fake import ScriptedModel, says


class Chain:
    """Models by name with what they say; `told` are the switches, `looked` the look-ups."""

    def __init__(self, **scripts):
        provider = Provider(kind="openai")
        self.rows = {
            name: LanguageModel(
                provider=provider,
                name=name,
                context_window=8000,
                supports_tools=True,
                max_output_tokens=len(name),
            )
            for name in scripts
        }
        self.models = {name: ScriptedModel(*script) for name, script in scripts.items()}
        self.told, self.looked = [], 0

    def candidate(self, name):
        request = Request(name, messages=(user(f"for {name}"),), max_tokens=len(name))
        return Candidate(self.rows[name], request, 10)

    async def others(self):
        self.looked += 1
        return [self.candidate(name) for name in list(self.rows)[1:]]

    def answerer(self):
        return Answerer(
            self.candidate(next(iter(self.rows))),
            self.others,
            lambda row: self.models[row.name],
            lambda row, reason: self.told.append((row.name, reason)),
        )

    def asked(self):
        return [len(model.requests) for model in self.models.values()]

    async def status(self, name):
        return (await health.read([self.rows[name]]))[self.rows[name].pk]


async def read(chain, tools=(), answerer=None):
    answerer = answerer or chain.answerer()
    async with aclosing(run_turn(answerer, answerer.current.request, tools)) as events:
        found = [event async for event in events]
    return "".join(event.text for event in found if isinstance(event, TextDelta))


async def test_the_chosen_model_answers_and_nobody_else_is_looked_for():
    chain = Chain(a=[says("Here.")], b=[])
    assert await read(chain) == "Here."
    assert (chain.told, chain.looked) == ([], 0)
    assert (await chain.status("a")).status == "ok"


@pytest.mark.parametrize("code", ["unavailable", "rate_limited", "timeout", "auth", "spent"])
async def test_the_next_one_answers_with_the_conversation_as_it_fits_it(code):
    chain = Chain(a=[[llm_error(code)]], bb=[says("From bb.")])
    assert await read(chain) == "From bb."
    assert chain.told == [("bb", code)]
    (request,) = chain.models["bb"].requests
    assert (request.model, request.max_tokens) == ("bb", 2)
    assert request.messages[0].text == "for bb"
    assert (await chain.status("a")).code == code
    assert (await chain.status("bb")).status == "ok"


async def test_one_after_the_other():
    chain = Chain(a=[[llm_error("auth")]], b=[[llm_error("timeout")]], c=[says("At last.")])
    assert await read(chain) == "At last." and chain.told == [("c", "auth")]


@pytest.mark.parametrize("code", ["bad_request", "refused", "budget"])
async def test_what_lies_in_the_request_is_not_tried_elsewhere(code):
    chain = Chain(a=[[llm_error(code)]], b=[says("no")])
    with pytest.raises(LLMError, match=code):
        await read(chain)
    assert chain.asked() == [1, 0]
    assert (await chain.status("a")).status == "unknown"


async def test_half_an_answer_is_not_said_again_by_another():
    chain = Chain(a=[[TextDelta("half"), llm_error("interrupted")]], b=[says("whole")])
    with pytest.raises(LLMError, match="interrupted"):
        await read(chain)
    assert chain.asked() == [1, 0] and (await chain.status("a")).code == "interrupted"


async def test_too_long_a_chat_goes_only_to_a_larger_window():
    chain = Chain(a=[[llm_error("context_too_long")]], b=[says("no")], c=[says("It fits.")])
    chain.rows["c"].context_window = 100_000
    assert await read(chain) == "It fits." and chain.asked() == [1, 0, 1]


async def test_when_all_fail_the_error_is_one_that_trying_again_may_help():
    chain = Chain(a=[[llm_error("auth")]], b=[[llm_error("unavailable")]], c=[[llm_error("spent")]])
    with pytest.raises(LLMError, match="unavailable"):
        await read(chain)
    chain = Chain(a=[[llm_error("auth")]], b=[[llm_error("spent")]])
    with pytest.raises(LLMError, match="auth"):
        await read(chain)
    assert chain.told == []


async def test_an_open_circuit_is_passed_by():
    chain = Chain(a=[says("no")], b=[says("At once.")])
    await health.failed(chain.rows["a"], "timeout")
    assert await read(chain) == "At once."
    assert chain.asked() == [0, 1] and chain.told == [("b", "timeout")]


async def test_with_nobody_left_a_model_with_an_open_circuit_is_asked_after_all():
    chain = Chain(a=[says("I am back.")], b=[[llm_error("auth")]])
    await health.failed(chain.rows["a"], "timeout")
    assert await read(chain) == "I am back." and chain.told == []
    assert not (await chain.status("a")).opened
    alone = Chain(a=[[llm_error("unavailable")]])
    await health.failed(alone.rows["a"], "timeout")
    with pytest.raises(LLMError, match="unavailable"):
        await read(alone)


async def search(_arguments):
    return "a passage"


TOOL = Tool(ToolSpec("search", "Search.", {"type": "object", "properties": {}}), search)


async def test_whoever_began_goes_on_after_a_tool():
    chain = Chain(a=[[llm_error("auth")]], b=[[ToolCall("1", "search", {})], says("Found.")])
    assert await read(chain, [TOOL]) == "Found."
    assert chain.asked() == [1, 2] and chain.told == [("b", "auth")]


async def test_another_goes_on_with_what_the_first_had_found():
    chain = Chain(
        a=[[ToolCall("1", "search", {})], [llm_error("unavailable")]],
        b=[says("no")],
        c=[says("Yes.")],
    )
    chain.rows["b"].supports_tools = False
    assert await read(chain, [TOOL]) == "Yes."
    (request,) = chain.models["c"].requests
    assert [message.role for message in request.messages] == ["user", "assistant", "tool"]
    assert request.messages[0].text == "for c" and chain.asked() == [2, 0, 1]


async def test_a_model_without_tools_is_offered_none():
    chain = Chain(a=[[llm_error("auth")]], b=[says("Plainly.")])
    chain.rows["b"].supports_tools = False
    assert await read(chain, [TOOL]) == "Plainly."
    assert chain.models["b"].requests[0].tools == ()


async def test_a_chain_that_cannot_be_read_leaves_the_first_error():
    chain = Chain(a=[[llm_error("unavailable")]])

    async def broken():
        raise ConnectionError("the database is away")

    answerer = chain.answerer()
    answerer._others = broken
    with pytest.raises(LLMError, match="unavailable"):
        await read(chain, answerer=answerer)


async def test_closing_reaches_the_model():
    chain = Chain(a=[[TextDelta("a"), TextDelta("b")]])
    answerer = chain.answerer()
    async with aclosing(answerer.stream(answerer.current.request)) as events:
        async for _ in events:
            break
    assert chain.models["a"].closed == 1


async def test_who_stops_reading_after_the_end_still_leaves_the_outcome():
    chain = Chain(a=[says("Here.")])
    answerer = chain.answerer()
    async with aclosing(run_turn(answerer, answerer.current.request, ())) as events:
        async for event in events:
            if isinstance(event, Finished):
                break
    assert (await chain.status("a")).status == "ok"
