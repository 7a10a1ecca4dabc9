from contextlib import aclosing

import pytest

from llm.errors import LLMError, llm_error
from llm.events import TextDelta
from llm.messages import Request
from llm.providers.fake import ScriptedModel, says
from llm.resilience import Resilient

ASK = Request(model="m")


async def read(model, **options):
    options = {"base_wait": 0.001, **options}
    async with aclosing(Resilient(model, **options).stream(ASK)) as events:
        return [event async for event in events]


async def test_a_failure_before_the_first_event_is_tried_again():
    model = ScriptedModel([llm_error("unavailable")], [llm_error("rate_limited")], says("Here."))
    events = await read(model)
    assert events[0] == TextDelta("Here.") and len(model.requests) == 3


async def test_after_three_attempts_it_is_given_up():
    model = ScriptedModel(*[[llm_error("unavailable")]] * 4)
    with pytest.raises(LLMError, match="unavailable"):
        await read(model)
    assert len(model.requests) == 3


async def test_half_an_answer_is_never_sent_for_again():
    model = ScriptedModel([TextDelta("half"), llm_error("interrupted")], says("whole"))
    with pytest.raises(LLMError, match="interrupted"):
        await read(model)
    assert len(model.requests) == 1


@pytest.mark.parametrize("code", ["auth", "spent", "bad_request", "unknown_model", "timeout"])
async def test_what_cannot_succeed_is_not_tried_again(code):
    model = ScriptedModel([llm_error(code)], says("no"))
    with pytest.raises(LLMError, match=code):
        await read(model)
    assert len(model.requests) == 1


async def test_a_provider_that_asks_for_a_long_wait_is_not_waited_for():
    model = ScriptedModel([llm_error("rate_limited", retry_after=60)], says("late"))
    with pytest.raises(LLMError) as caught:
        await read(model)
    assert caught.value.retry_after == 60 and len(model.requests) == 1


async def test_silence_before_the_first_event_ends_as_a_timeout():
    model = ScriptedModel([60.0, TextDelta("late")])
    with pytest.raises(LLMError, match="timeout"):
        await read(model, first_event=0.02)
    assert model.closed == 1


async def test_silence_in_mid_answer_ends_as_a_timeout():
    model = ScriptedModel([0.03, TextDelta("a"), 60.0])
    with pytest.raises(LLMError, match="timeout"):
        await read(model, first_event=5, silence=0.02)
    assert model.closed == 1


async def test_closing_reaches_the_model():
    model = ScriptedModel([TextDelta("a"), TextDelta("b")])
    async with aclosing(Resilient(model).stream(ASK)) as events:
        async for _ in events:
            break
    assert model.closed == 1
