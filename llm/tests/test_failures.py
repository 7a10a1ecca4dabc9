"""What providers write with a failure, and what it is taken for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from llm.errors import LLMError
from llm.messages import Request, ToolCall, user
from llm.providers.failures import by_status, by_text, retry_after
from llm.tests.wires import AnthropicWire, GoogleWire, OpenAIWire, sse

ASK = Request(model="m", messages=(user("why?"),))
QUOTA = "RESOURCE_EXHAUSTED You exceeded your current quota, check your plan and billing details. "
DELAY = "{'@type': '...RetryInfo', 'retryDelay': '7.5s'}"


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        # Google says the same of the limit of a minute and of a day.
        (429, f"{QUOTA} GenerateRequestsPerMinutePerProject-FreeTier {DELAY}", "rate_limited"),
        (429, f"{QUOTA} GenerateRequestsPerDayPerProject-FreeTier", "spent"),
        (402, "Insufficient credits", "spent"),
        (400, "Your credit balance is too low", "spent"),
        (403, "Your chosen model requires moderation and your input was flagged", "refused"),
        (403, "Country, region, or territory not supported", "auth"),
        (400, "The response was filtered: content_filter", "refused"),
        # A word of the text does not make of a wrong request one that is worth repeating.
        (422, "internal tools are unavailable in this mode", "bad_request"),
        (400, "This model's maximum context length is 8192 tokens", "context_too_long"),
        (529, "Overloaded", "rate_limited"),
        (599, "whatever", "unavailable"),
    ],
)
def test_a_status_and_its_text(status, text, code):
    assert by_status(status, text).code == code


def test_an_error_inside_a_stream_has_only_its_text():
    assert by_text("internal error", "interrupted").code == "unavailable"
    assert by_text("something else", "interrupted").code == "interrupted"


def test_the_wait_is_in_a_header_or_in_googles_text():
    assert retry_after({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5
    assert retry_after({"retry-after": "2"}) == 2
    assert retry_after({"retry-after": "soon"}) is None and retry_after({}) is None
    assert by_status(429, DELAY).retry_after == 7.5
    assert by_status(429, DELAY, 3.0).retry_after == 3.0


def test_the_wait_may_be_a_date():
    later = datetime.now(UTC) + timedelta(seconds=30)
    found = retry_after({"retry-after": format_datetime(later, usegmt=True)})
    assert found is not None and 25 < found <= 30
    assert retry_after({"retry-after": "Fri, 01 Jan 2016 00:00:00 GMT"}) == 0


async def fails(model):
    with pytest.raises(LLMError) as caught:
        async for _ in model.stream(ASK):
            pass
    return caught.value


@pytest.mark.parametrize("key", ["sk-\n", "clé", "sk-\x00"])
@pytest.mark.parametrize("wire", [OpenAIWire, AnthropicWire, GoogleWire])
async def test_a_key_that_fits_in_no_header_is_in_no_exception(wire, key):
    model = wire().model()
    model.endpoint = type(model.endpoint)(wire.kind, wire.base_url, key)
    error = await fails(model)
    assert error.code == "auth" and error.__cause__ is None and error.__context__ is None


async def test_google_thought_and_then_broke_its_call():
    broken = sse({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "index": 0}]})
    wire = GoogleWire()
    assert (await fails(wire.plays([*wire.reasoning("hm"), broken]).model())).code == "malformed"


@pytest.mark.parametrize("wire", [OpenAIWire(), AnthropicWire()])
async def test_an_id_that_came_twice_is_told_apart(wire):
    calls = [("same", "s", ['{"q": 1}']), ("same", "s", ['{"q": 2}'])]
    wire.plays([*wire.calls(*calls), *wire.end("tool_calls")])
    events = [event async for event in wire.model().stream(ASK)]
    found = [event for event in events if isinstance(event, ToolCall)]
    assert found[0].id == "same" and found[1].id != "same"
    if events[-1].opaque:
        assert [block["id"] for block in events[-1].opaque.data] == [call.id for call in found]
