"""Who pays for an answer, and what a student sees when there is nothing left to spend."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat.models import Message, Session
from chat.services import create_session
from chat.tests.fakes import Script, ask, events_of, said
from core.db import come_to_rest, in_thread
from llm.events import Completed, TextDelta
from llm.messages import ToolCall, Usage
from llm.metering import budgets
from llm.models import Budget, LanguageModel, ModelCall, Provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
SEARCH = [ToolCall("1", "unknown_tool", {}), Completed(Usage(100, 10), "tool_calls")]
ANSWER = [TextDelta("Light."), Completed(Usage(200, 20))]


@pytest.fixture
def paid(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LanguageModel]:
    """`paid(name, *script)`: a model with a price that plays the script."""
    scripts: dict[str, Script] = {}
    monkeypatch.setattr("llm.services._bare", lambda row: scripts[row.name])
    budgets.forget()

    def make(name: str, *steps: Any) -> LanguageModel:
        scripts[name] = Script(*steps)
        provider, _ = Provider.objects.get_or_create(
            kind="openai_compatible", base_url="http://gateway/v1", defaults={"name": "Gateway"}
        )
        return LanguageModel.objects.create(
            provider=provider,
            name=name,
            display_name=name.capitalize(),
            input_price=0,
            output_price=1,
            max_output_tokens=1000,
        )

    return make


async def test_every_call_of_a_turn_is_written_down_for_its_student(alice: User, paid: Any) -> None:
    await in_thread(paid, "big", SEARCH, ANSWER)
    session: Session = await in_thread(create_session, actor=alice)
    generation = await ask(alice, session, "What do leaves eat?")
    assert said(await events_of(generation)) == "Light."
    await asyncio.to_thread(come_to_rest, 10)  # calls are written down when nobody waits any more
    calls = [call async for call in ModelCall.objects.order_by("created_at")]
    assert [(call.input_tokens, call.output_tokens) for call in calls] == [(100, 10), (200, 20)]
    assert {(c.user_id, c.session_id, c.generation_id, c.kind) for c in calls} == {
        (alice.pk, session.pk, generation.pk, "chat")
    }


async def test_a_spent_budget_is_told_with_when_it_renews(alice: User, paid: Any) -> None:
    await in_thread(paid, "big", ANSWER)
    await Budget.objects.acreate(scope="user", limit_usd=0)
    generation = await ask(alice, await in_thread(create_session, actor=alice), "Why?")
    error = next(e for e in await events_of(generation) if e["type"] == "error")
    assert (error["code"], error["retryable"]) == ("budget", False)
    assert "It renews on" in error["message"] and "UTC" in error["message"]
    assert 0 < error["retry_after"] <= 24 * 3600


async def test_a_program_is_told_by_the_status(alice: User, paid: Any, async_api: Any) -> None:
    await in_thread(paid, "big", ANSWER)
    await Budget.objects.acreate(scope="user", limit_usd=0)
    session: Session = await in_thread(create_session, actor=alice)
    client = await async_api(alice)
    answer = await client.post(
        f"/api/v1/chat/sessions/{session.pk}/messages",
        {"message": "Why?"},
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (429, "budget")
    assert 0 < int(answer["Retry-After"]) <= 24 * 3600


async def test_the_cheaper_model_answers_and_is_named(alice: User, paid: Any) -> None:
    await in_thread(paid, "big", ANSWER)
    small = await in_thread(paid, "small", ANSWER)
    await LanguageModel.objects.filter(name="big").aupdate(order=1)
    await Budget.objects.acreate(
        scope="user", limit_usd=0, cheaper_model=small, cheaper_percent=None
    )
    generation = await ask(alice, await in_thread(create_session, actor=alice), "Why?")
    events = await events_of(generation)
    assert said(events) == "Light."
    switch = next(event for event in events if event["type"] == "model")
    assert (switch["model"]["display_name"], switch["reason"]) == ("Small", "budget")
    answer = await Message.objects.select_related("model").aget(generation=generation.pk)
    assert answer.model == small
    # Kept with the message, so that it is still told when the chat is opened again.
    (step,) = answer.steps
    assert (step["name"], step["reason"]) == ("model", "budget")
    assert step["model"]["display_name"] == "Small" and step["instead_of"]["id"]
