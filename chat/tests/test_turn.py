"""A turn from the saved question to the saved answer."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat import branches, event_log, generations, queries, runner, services
from chat.models import Generation, Message, Session
from chat.tests.fakes import Script, ask, events_of, said, words
from core.db import in_thread
from core.errors import Conflict
from llm.errors import llm_error
from llm.events import Completed, TextDelta
from llm.models import LanguageModel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Play = Callable[..., Script]


async def new_session(user: User) -> Session:
    return await in_thread(services.create_session, actor=user)


async def answer_of(generation: Generation) -> Message:
    return await Message.objects.aget(generation=generation.pk)


async def test_the_answer_is_streamed_numbered_and_saved(
    alice: User, model: LanguageModel, play: Play
) -> None:
    script = play(*words("Leaves make sugar from light."))
    session = await new_session(alice)
    generation = await ask(alice, session, "What do leaves do?")
    events = await events_of(generation)

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["generation_id"] for event in events} == {str(generation.pk)}
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["user_message", "stream_start"]
    assert kinds[-2:] == ["stream_end", "message_saved"]
    assert said(events).strip() == "Leaves make sugar from light."
    answer = await answer_of(generation)
    assert (answer.content, answer.status) == ("Leaves make sugar from light.", "complete")
    assert script.requests[0].messages[-1].text == "What do leaves do?"
    assert script.closed == 1
    await session.arefresh_from_db()
    assert (session.total_messages, session.title) == (2, "What do leaves do?")


async def test_every_resume_gives_exactly_the_rest(
    alice: User, model: LanguageModel, play: Play
) -> None:
    gate = asyncio.Event()
    text = [TextDelta(f"kata{n} 🌿 ") for n in range(60)]
    play(*text[:30], gate, *text[30:], Completed())
    generation = await ask(alice, await new_session(alice), "Ceritakan.")
    early = asyncio.create_task(events_of(generation))
    gate.set()
    whole = await early
    assert event_log.local(generation.pk) is None  # the rest is read from Redis
    for after in range(len(whole) + 1):
        if after < len(whole):
            rest = await events_of(generation, after)
            assert rest == whole[after:]


async def test_a_reader_that_joins_in_the_middle_misses_nothing(
    alice: User, model: LanguageModel, play: Play
) -> None:
    gate = asyncio.Event()
    play(TextDelta("one "), TextDelta("two "), gate, TextDelta("three"), Completed())
    generation = await ask(alice, await new_session(alice), "Count.")
    seen = []
    async for seq, _frame, _last in runner.follow(generation.pk):
        seen.append(seq)
        if len(seen) == 3:
            break
    late = asyncio.create_task(events_of(generation, seen[-1]))
    gate.set()
    assert (await late)[0]["seq"] == seen[-1] + 1
    assert (await answer_of(generation)).content == "one two three"


async def test_stop_keeps_what_was_said_and_closes_the_model(
    alice: User, model: LanguageModel, play: Play
) -> None:
    script = play(TextDelta("Half of "), asyncio.Event())
    session = await new_session(alice)
    generation = await ask(alice, session, "Tell me all.")
    async for _seq, frame, _last in runner.follow(generation.pk):
        if "Half of" in frame:
            break
    assert await in_thread(services.request_stop, actor=alice, session_id=session.pk)
    assert runner.stop_local(generation.pk)
    events = await events_of(generation)
    assert events[-1]["message"]["status"] == "stopped"
    assert (await answer_of(generation)).content == "Half of"
    assert script.closed == 1
    again = await in_thread(services.post_message, actor=alice, session_id=session.pk, text="Go on")
    assert again.status == Generation.Status.RUNNING


@pytest.mark.parametrize("by", ["CHECKPOINT_SECONDS", "LOOK_SECONDS"])
async def test_a_stop_from_another_process_is_seen(
    by: str, alice: User, model: LanguageModel, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.keeper.CHECKPOINT_SECONDS", 3600.0)
    monkeypatch.setattr(f"chat.keeper.{by}", 0.02)
    play(TextDelta("Half"), asyncio.Event())
    session = await new_session(alice)
    generation = await ask(alice, session, "Tell me all.")
    await in_thread(services.request_stop, actor=alice, session_id=session.pk)
    assert (await events_of(generation))[-1]["message"]["status"] == "stopped"


async def test_a_failing_model_leaves_the_question_and_an_honest_sentence(
    alice: User, model: LanguageModel, play: Play
) -> None:
    play(TextDelta("It "), TextDelta("begins"), llm_error("interrupted"))
    session = await new_session(alice)
    generation = await ask(alice, session, "Will this fail?")
    events = await events_of(generation)
    error, saved = events[-2], events[-1]["message"]
    assert (error["type"], error["code"], error["retryable"]) == ("error", "interrupted", True)
    assert "Try again" in error["message"] or "try again" in error["message"]
    assert (saved["status"], saved["content"]) == ("failed", "It begins")
    assert await session.messages.filter(role="user", content="Will this fail?").aexists()


async def test_an_exception_never_reaches_the_page(
    alice: User, model: LanguageModel, play: Play
) -> None:
    play(RuntimeError("sk-secret in the text of an exception"))
    generation = await ask(alice, await new_session(alice), "Hello?")
    events = await events_of(generation)
    assert "sk-secret" not in str(events)
    assert events[-2]["code"] == "internal"


async def test_an_answer_cut_short_is_marked(alice: User, model: LanguageModel, play: Play) -> None:
    play(TextDelta("Half an ans"), Completed(stop_reason="incomplete"))
    generation = await ask(alice, await new_session(alice), "Well?")
    assert (await events_of(generation))[-1]["message"]["status"] == "interrupted"


async def test_one_answer_at_a_time(alice: User, model: LanguageModel, play: Play) -> None:
    gate = asyncio.Event()
    play(gate, *words("Done."))
    session = await new_session(alice)
    generation = await ask(alice, session, "First")
    with pytest.raises(Conflict) as refused:
        await in_thread(services.post_message, actor=alice, session_id=session.pk, text="Second")
    assert refused.value.code == "busy"
    gate.set()
    await events_of(generation)


async def test_another_answer_keeps_the_first_as_a_branch(
    alice: User, model: LanguageModel, play: Play
) -> None:
    play(*words("First answer."))
    session = await new_session(alice)
    first = await ask(alice, session, "Why?")
    await events_of(first)
    script = play(*words("Second answer."))
    second = await in_thread(branches.answer_again, actor=alice, message_id=first.answer_id)
    await runner.start(second, alice, "en")
    await events_of(second)
    await session.arefresh_from_db()
    shown = [message.content for message in await in_thread(queries.thread, session)]
    assert shown == ["Why?", "Second answer."]
    assert await session.messages.acount() == 3
    assert [message.text for message in script.requests[0].messages] == ["Why?"]


async def test_a_dead_process_loses_no_word_that_was_shown(
    alice: User, model: LanguageModel, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(TextDelta("These words "), TextDelta("were shown"), asyncio.Event())
    generation = await ask(alice, await new_session(alice), "Tell me.")
    async for _seq, frame, _last in runner.follow(generation.pk):
        if "shown" in frame:
            break
    # The process dies: its task and its memory are gone, the row and Redis stay.
    task = runner._tasks[generation.pk]
    monkeypatch.setattr("chat.turn.generations.finish", lambda *args: None)
    task.cancel()
    await asyncio.wait({task})
    monkeypatch.undo()
    event_log.writer().logs.clear()
    await Generation.objects.filter(pk=generation.pk).aupdate(
        owner="elsewhere:1:1", lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert await in_thread(generations.close_abandoned) == 1
    answer = await answer_of(generation)
    assert (answer.content, answer.status) == ("These words were shown", "interrupted")
    assert await in_thread(generations.close_abandoned) == 0


async def test_a_cleared_log_still_gives_the_saved_answer(
    alice: User, model: LanguageModel, play: Play
) -> None:
    play(*words("Kept in the database."))
    generation = await ask(alice, await new_session(alice), "Where?")
    whole = await events_of(generation)
    await event_log.async_client().delete(event_log.stream_key(generation.pk))
    (only,) = await events_of(generation, 2)
    assert only["type"] == "message_saved"
    assert only["seq"] == whole[-1]["seq"]
    assert only["message"]["content"] == "Kept in the database."


async def test_a_hundred_answers_at_once_are_whole_and_saved(
    alice: User, model: LanguageModel, play: Play
) -> None:
    text = " ".join(f"word{n}" for n in range(50))
    play(*words(text))
    sessions = [await new_session(alice) for _ in range(100)]
    started = await asyncio.gather(*(ask(alice, session, "Go") for session in sessions))
    logs = await asyncio.gather(*(events_of(generation) for generation in started))
    assert all(said(events).strip() == text for events in logs)
    saved = Message.objects.filter(role="assistant", status="complete", content=text)
    assert await saved.acount() == 100


async def test_whoever_looks_next_finds_a_dead_answer_closed(
    alice: User, model: LanguageModel, play: Play
) -> None:
    session = await new_session(alice)
    generation = await in_thread(
        services.post_message, actor=alice, session_id=session.pk, text="Are you there?"
    )
    assert await in_thread(generations.running, session)
    host = generation.owner.split(":")[0]
    await Generation.objects.filter(pk=generation.pk).aupdate(owner=f"{host}:999999999:1")
    again = await in_thread(
        services.post_message, actor=alice, session_id=session.pk, text="Hello?"
    )
    assert again.pk != generation.pk
    assert (await answer_of(generation)).status == "interrupted"


async def test_a_turn_that_takes_too_long_ends_with_what_was_said(
    alice: User, model: LanguageModel, play: Play, settings: Any
) -> None:
    settings.TURN_SECONDS = 1.5
    script = play(TextDelta("It begins"), asyncio.Event(), Completed())
    generation = await ask(alice, await new_session(alice), "Tell me all.")
    events = await events_of(generation)
    error = next(event for event in events if event["type"] == "error")
    assert (error["code"], error["retryable"]) == ("too_slow", True)
    assert "took too long" in error["message"] and said(events) == "It begins"
    answer = await answer_of(generation)
    assert (answer.content, answer.status, answer.error_code) == (
        "It begins",
        "interrupted",
        "too_slow",
    )
    assert script.closed == 1


async def test_many_turns_are_kept_by_one_statement(
    alice: User, model: LanguageModel, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHECKPOINT_SECONDS", "LOOK_SECONDS"):  # their own keeper would do it too
        monkeypatch.setattr(f"chat.keeper.{name}", 3600.0)
    gate = asyncio.Event()
    play(TextDelta("half "), gate, TextDelta("whole"), Completed())
    running = [await ask(alice, await new_session(alice), "Go") for _ in range(5)]
    stopped, gone, *others = running
    await Generation.objects.filter(pk=stopped.pk).aupdate(stop_requested=True)
    await Generation.objects.filter(pk=gone.pk).aupdate(status="interrupted")
    before = timezone.now()
    told = {one.pk: f"half of {number}" for number, one in enumerate(running)}
    told[others[0].pk] = None
    kept = await in_thread(generations.checkpoint, told)
    assert kept == {one.pk: True for one in others}
    for number, one in enumerate(running):
        row = await Generation.objects.select_related("answer").aget(pk=one.pk)
        is_kept = one in others
        assert (row.lease_until > before + timedelta(seconds=9)) or not is_kept
        assert (row.answer.content == f"half of {number}") == (is_kept and one != others[0])
    gate.set()
    for one in running:
        await events_of(one)
