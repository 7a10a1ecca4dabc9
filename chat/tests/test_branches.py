"""Other words for a question and other answers to it stand beside the earlier ones."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat import branches, queries, runner, services, summaries
from chat.models import Generation, Message, Session
from chat.tests.fakes import Script, ask, events_of, words
from core.db import in_thread
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from llm.models import LanguageModel
from tests.world import say

Play = Callable[..., Script]


def shown(session: Session) -> list[str]:
    return [
        message.content for message in queries.thread(queries.session(session.user, session.pk))
    ]


def end(generation: Generation, text: str) -> Message:
    """As if it had been answered."""
    Generation.objects.filter(pk=generation.pk).update(status="complete")
    Message.objects.filter(pk=generation.answer_id).update(content=text, status="complete")
    return generation.answer


def told(user: User, session: Session, question: str, answer: str) -> Message:
    generation = services.post_message(actor=user, session_id=session.pk, text=question)
    return end(generation, answer)


@pytest.fixture
def session(alice: User, model: LanguageModel) -> Session:
    """q1 a1 q2 a2."""
    made = services.create_session(actor=alice)
    for number in (1, 2):
        told(alice, made, f"q{number}", f"a{number}")
    return made


def question(session: Session, text: str) -> Message:
    return Message.objects.get(session=session, content=text)


def test_an_edited_question_begins_a_branch_and_nothing_is_lost(
    alice: User, session: Session
) -> None:
    old = question(session, "q1")
    end(branches.edit(actor=alice, message_id=old.pk, text=" q1 better "), "b1")
    assert shown(session) == ["q1 better", "b1"]
    assert told(alice, session, "q2 of b", "b2").position == 8
    assert shown(session) == ["q1 better", "b1", "q2 of b", "b2"]

    branches.show(actor=alice, session_id=session.pk, message_id=old.pk)
    assert shown(session) == ["q1", "a1", "q2", "a2"]
    both = [m.pk for m in Message.objects.filter(session=session, parent=None)]
    assert queries.thread(queries.session(alice, session.pk))[0].siblings == both
    assert len(both) == 2


def test_another_answer_is_counted_beside_the_first(
    api: Callable[..., Any], alice: User, session: Session
) -> None:
    first = question(session, "a2")
    second = end(branches.answer_again(actor=alice, message_id=first.pk), "a2 again")
    client, address = api(alice), f"/api/v1/chat/sessions/{session.pk}"
    body = client.get(address).json()
    last = body["messages"][-1]
    assert last["siblings"] == [str(first.pk), str(second.pk)]
    assert body["leaf_id"] == last["id"] == str(second.pk)
    back = client.post(f"{address}/branch", {"message_id": str(first.pk)})
    assert back.json()["messages"][-1]["content"] == "a2"
    assert back.json()["updated_at"] == body["updated_at"]
    assert shown(session)[-1] == "a2"


def test_a_branch_is_shown_down_to_its_newest_end(alice: User, session: Session) -> None:
    first = question(session, "q1")
    end(branches.answer_again(actor=alice, message_id=question(session, "q2").pk), "a2 again")
    end(branches.edit(actor=alice, message_id=first.pk, text="other"), "b1")
    branches.show(actor=alice, session_id=session.pk, message_id=first.pk)
    assert shown(session) == ["q1", "a1", "q2", "a2 again"]


def test_only_my_own_questions_and_only_branches_of_this_chat(
    api: Callable[..., Any], alice: User, bob: User, session: Session
) -> None:
    mine, other = question(session, "q1"), services.create_session(actor=alice)
    with pytest.raises(Invalid):
        branches.edit(actor=alice, message_id=question(session, "a1").pk, text="x")
    with pytest.raises(Invalid):
        branches.edit(actor=alice, message_id=mine.pk, text=" \x00 ")
    with pytest.raises(NotFound):
        branches.edit(actor=bob, message_id=mine.pk, text="x")
    # PC-05: the message in the body belongs to the chat in the address.
    foreign = say(services.create_session(actor=bob)).pk
    for message_id in (mine.pk, foreign, new_id()):
        body = {"message_id": str(message_id)}
        assert api(alice).post(f"/api/v1/chat/sessions/{other.pk}/branch", body).status_code == 404
    address = f"/api/v1/chat/sessions/{session.pk}/branch"
    assert api(bob).post(address, {"message_id": str(mine.pk)}).status_code == 404
    assert Message.objects.filter(session=session).count() == 4


def test_nothing_moves_while_an_answer_is_written(alice: User, session: Session) -> None:
    services.post_message(actor=alice, session_id=session.pk, text="q3")
    first = question(session, "q1")
    for act in (
        lambda: branches.show(actor=alice, session_id=session.pk, message_id=first.pk),
        lambda: branches.edit(actor=alice, message_id=first.pk, text="x"),
        lambda: branches.answer_again(actor=alice, message_id=first.pk),
    ):
        with pytest.raises(Conflict):
            act()


def test_a_completed_chat_shows_its_branches_and_takes_no_more(
    alice: User, session: Session
) -> None:
    end(branches.edit(actor=alice, message_id=question(session, "q2").pk, text="x"), "y")
    services.update_session(actor=alice, session=session, status="COMPLETED")
    branches.show(actor=alice, session_id=session.pk, message_id=question(session, "q2").pk)
    assert shown(session)[-1] == "a2"
    with pytest.raises(Conflict):
        branches.edit(actor=alice, message_id=question(session, "q2").pk, text="z")


def test_the_export_holds_the_shown_branch_and_all_in_json(
    api: Callable[..., Any], alice: User, session: Session
) -> None:
    end(branches.edit(actor=alice, message_id=question(session, "q2").pk, text="other"), "b2")
    address = f"/api/v1/chat/sessions/{session.pk}/export"
    text = api(alice).get(address).content.decode()
    assert "other" in text and "b2" in text and "q2" not in text
    body = api(alice).get(f"{address}?as=json").json()
    assert [row["content"] for row in body["messages"]] == ["q1", "a1", "other", "b2"]
    every = [row["content"] for row in body["all_messages"]]
    assert every == ["q1", "a1", "q2", "a2", "other", "b2"]


@pytest.mark.django_db(transaction=True)
async def test_the_model_is_told_the_shown_branch_only(
    alice: User, model: LanguageModel, play: Play
) -> None:
    script = play(*words("Yes."))
    session = await in_thread(services.create_session, actor=alice)
    await events_of(await ask(alice, session, "First words"))
    first = await Message.objects.aget(session=session, content="First words")
    edited = await in_thread(branches.edit, actor=alice, message_id=first.pk, text="Better words")
    await runner.start(edited, alice, "en")
    events = await events_of(edited)
    assert events[0]["message"]["parent_id"] is None
    await events_of(await ask(alice, session, "And then?"))
    said = [message.text for message in script.requests[-1].messages]
    assert said == ["Better words", "Yes.", "And then?"]


@pytest.mark.django_db(transaction=True)
async def test_two_tabs_at_once_take_turns_and_places(alice: User, session: Session) -> None:
    """RL-13: an edit and a question at the same moment: one is taken, the other is told to wait."""
    first = await Message.objects.aget(session=session, content="q1")
    acts = [
        in_thread(branches.edit_once, actor=alice, message_id=first.pk, text=f"edit {n}")
        for n in range(3)
    ] + [
        in_thread(services.post_once, actor=alice, session_id=session.pk, text=f"next {n}")
        for n in range(3)
    ]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Conflict)]
    assert len(refused) == 5, outcomes
    places = [
        m.position async for m in Message.objects.filter(session=session).order_by("position")
    ]
    assert places == [1, 2, 3, 4, 5, 6]


def test_an_edit_repeated_under_its_key_is_one(alice: User, session: Session) -> None:
    first = question(session, "q1")
    one, new = branches.edit_once(actor=alice, message_id=first.pk, text="x", key="k")
    again, newer = branches.edit_once(actor=alice, message_id=first.pk, text="x", key="k")
    assert (one.pk, new, newer) == (again.pk, True, False)


def test_a_summary_is_told_on_its_own_branch_only(alice: User, session: Session) -> None:
    session.refresh_from_db()
    session.context_summary, session.summarised_until = "They spoke.", 3
    session.save()
    thread = queries.thread(session)
    assert queries.summary_of(session, thread) == ("They spoke.", 3)
    end(branches.edit(actor=alice, message_id=question(session, "q2").pk, text="x"), "y")
    session.refresh_from_db()
    assert (session.context_summary, session.summarised_until) == ("", 0)
    # One that was being written for the other branch comes in late.
    assert summaries._keep(session, "Late words.", 3)
    session.refresh_from_db()
    assert queries.summary_of(session, queries.thread(session)) == ("", 0)
    assert summaries._keep(session, "Of this branch.", 2)
