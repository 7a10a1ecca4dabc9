"""Counting without a tokeniser."""

from uuid import uuid4

from llm.messages import Request, ToolSpec, user
from llm.tokens import DEFAULT_BYTES, SAFETY, bytes_a_token, learn, request_size, size


def test_an_unknown_model_is_counted_on_the_safe_side() -> None:
    assert bytes_a_token(uuid4()) == DEFAULT_BYTES


def test_the_rate_follows_what_the_provider_counts() -> None:
    model = uuid4()
    learn(model, 8000, 2000)
    assert bytes_a_token(model) == 4 * SAFETY
    for _ in range(40):
        learn(model, 4000, 2000)
    assert abs(bytes_a_token(model) - 2 * SAFETY) < 0.01


def test_nonsense_and_short_requests_teach_nothing_wild() -> None:
    model = uuid4()
    learn(model, 100, 10)
    assert bytes_a_token(model) == DEFAULT_BYTES
    learn(model, 10, 100_000)
    assert bytes_a_token(model) == SAFETY


def test_everything_a_request_says_is_counted() -> None:
    tool = ToolSpec("t", "a tool", {"type": "object"})
    request = Request(model="m", system="🌿", messages=(user("hello"),), tools=(tool,))
    assert request_size(request) == 4 + 5 + size("ta tool{'type': 'object'}")
