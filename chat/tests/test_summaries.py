"""Long sessions: what was said earlier is shortened, once, and only forwards."""

import asyncio
from collections.abc import Callable

import pytest

from accounts.models import User
from chat import runner, services, summaries
from chat.models import Message, Session
from chat.tests.fakes import Script, ask, events_of, words
from core.db import in_thread
from llm.errors import llm_error
from llm.models import LanguageModel, Provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Play = Callable[..., Script]


@pytest.fixture
def writer(transactional_db: None) -> LanguageModel:
    provider = Provider.objects.create(
        kind="openai_compatible", name="Here", base_url="http://127.0.0.1:9"
    )
    return LanguageModel.objects.create(
        provider=provider, name="small", display_name="Small", context_window=3000
    )


def long_session(user: User, messages: int = 12) -> Session:
    session = services.create_session(actor=user)
    parent = None
    for position in range(1, messages + 1):
        parent = Message.objects.create(
            session=session,
            position=position,
            parent=parent,
            role="user" if position % 2 else "assistant",
            content=f"{position} " + "word " * 150,
        )
    session.leaf, session.total_messages = parent, messages
    session.save()
    return session


async def test_older_messages_become_a_summary_that_the_next_turn_is_told(
    alice: User, writer: LanguageModel, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await in_thread(long_session, alice)
    script = Script(*words("They spoke of leaves."))
    monkeypatch.setattr("chat.summaries.chat_model", lambda model, caller=None: script)
    assert await summaries.summarise(session.pk)
    assert "8 word" in script.requests[0].messages[0].text
    assert "9 word" not in script.requests[0].messages[0].text
    await session.arefresh_from_db()
    assert (session.context_summary, session.summarised_until) == ("They spoke of leaves.", 8)
    assert not await summaries.summarise(session.pk)  # nothing new to tell

    turn = play(*words("Go on."))
    await events_of(await ask(alice, session, "And then?"))
    told = turn.requests[0].messages
    assert "They spoke of leaves." in told[0].text
    assert told[-1].text.endswith("And then?")


async def test_a_turn_that_left_messages_out_asks_for_a_summary(
    alice: User, writer: LanguageModel, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("chat.turn.services.ask_for_summary", asked.append)
    session = await in_thread(long_session, alice)
    play(*words("An answer."))
    generation = await ask(alice, session, "More?")
    task = runner._tasks[generation.pk]
    await asyncio.wait({task})
    assert asked == [session.pk]


async def test_a_model_that_fails_changes_nothing(
    alice: User, writer: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await in_thread(long_session, alice)
    script = Script(llm_error("unavailable"))
    monkeypatch.setattr("chat.summaries.chat_model", lambda model, caller=None: script)
    assert not await summaries.summarise(session.pk)
    await session.arefresh_from_db()
    assert session.summarised_until == 0


async def test_another_model_summarises_when_the_first_does_not_answer(
    alice: User, writer: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await LanguageModel.objects.acreate(
        provider=writer.provider, name="other", display_name="Other", context_window=3000, order=900
    )
    await writer.fallback_rows.acreate(fallback=other, position=1)
    session = await in_thread(long_session, alice)
    scripts = {"small": Script(llm_error("unavailable")), "other": Script(*words("In short."))}
    monkeypatch.setattr("chat.summaries.chat_model", lambda model, caller=None: scripts[model.name])
    assert await summaries.summarise(session.pk)
    await session.arefresh_from_db()
    assert session.context_summary == "In short."
    assert [len(script.requests) for script in scripts.values()] == [1, 1]


async def test_a_model_that_only_quotes_does_not_summarise_in_its_place(
    alice: User, writer: LanguageModel, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await LanguageModel.objects.filter(pk=model.pk).aupdate(order=900)
    await writer.fallback_rows.acreate(fallback=model, position=1)
    session = await in_thread(long_session, alice)
    scripts = {"small": Script(llm_error("unavailable")), "quotes": Script(*words("Quoted."))}
    monkeypatch.setattr("chat.summaries.chat_model", lambda model, caller=None: scripts[model.name])
    assert not await summaries.summarise(session.pk)
    assert not scripts["quotes"].requests
