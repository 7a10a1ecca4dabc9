"""A question is saved in one statement, and that is the same as saving it in steps."""

import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat import opening, services
from chat.models import Generation, Message, Session
from chat.plans import plan
from core.errors import Conflict, Invalid, NotFound
from core.models import IdempotentRequest
from llm.metering import budgets
from llm.models import Budget, LanguageModel, Provider

pytestmark = pytest.mark.django_db(transaction=True)
AUTOMATIC = {"id", "created_at", "started_at", "lease_until", "updated_at", "session_id", "leaf_id"}
LINKS = {"parent_id", "question_id", "answer_id"}


def rows_of(session: Session) -> list[dict[str, Any]]:
    """All that is stored for a session, ids told by their place in it."""
    found = [Session.objects.filter(pk=session.pk), Message.objects.filter(session=session)]
    found.append(Generation.objects.filter(session=session))  # type: ignore[arg-type]
    places = dict(Message.objects.filter(session=session).values_list("pk", "position"))
    rows = [dict(row) for query in found for row in query.values()]
    for row in rows:
        row |= {name: places.get(row[name]) for name in LINKS & row.keys()}
    return [{k: v for k, v in row.items() if k not in AUTOMATIC} for row in rows]


def ended(generation: Generation) -> None:
    Generation.objects.filter(pk=generation.pk).update(status="complete")


def test_what_is_stored_and_planned_is_the_same_both_ways(
    alice: User, model: LanguageModel
) -> None:
    sessions = [services.create_session(actor=alice, persona="A bear.") for _ in range(2)]
    for question in ("First\nquestion?", "And 'second'? %s 100%"):
        posted, _ = services.post_once(actor=alice, session_id=sessions[0].pk, text=question)
        stepped = services.post_message(actor=alice, session_id=sessions[1].pk, text=question)
        assert rows_of(sessions[0]) == rows_of(sessions[1])
        plans = [plan(one, alice, "en") for one in (posted, stepped)]
        assert plans[0].chosen == plans[1].chosen
        for one in (posted, stepped):
            ended(one)
    assert Session.objects.get(pk=sessions[0].pk).title == "First question?"


def test_it_takes_one_statement_and_planning_none(alice: User, model: LanguageModel) -> None:
    session = services.create_session(actor=alice)
    opening.usable_before()
    with CaptureQueriesContext(connection) as seen:
        generation, new = services.post_once(
            actor=alice, session_id=session.pk, text="Why?", key="k"
        )
        plan(generation, alice, "en")
    assert new and len(seen) == 1


def test_a_stranger_and_a_closed_or_busy_session_are_told(
    alice: User, bob: User, model: LanguageModel
) -> None:
    session = services.create_session(actor=alice)
    with pytest.raises(NotFound):
        services.post_once(actor=bob, session_id=session.pk, text="Mine now", key="k")
    services.post_once(actor=alice, session_id=session.pk, text="One", key="a")
    with pytest.raises(Conflict) as refused:
        services.post_once(actor=alice, session_id=session.pk, text="Two", key="b")
    assert refused.value.code == "busy"
    Generation.objects.all().delete()
    services.update_session(actor=alice, session=session, status=Session.Status.COMPLETED)
    with pytest.raises(Conflict) as refused:
        services.post_once(actor=alice, session_id=session.pk, text="Three", key="c")
    assert refused.value.code == "completed"
    assert Message.objects.filter(role="user").count() == 1
    assert list(IdempotentRequest.objects.values_list("key", flat=True)) == ["a"]


def test_a_key_that_was_used_gives_the_first_generation(alice: User, model: LanguageModel) -> None:
    session = services.create_session(actor=alice)
    first, new = services.post_once(actor=alice, session_id=session.pk, text="One", key="k")
    for running in (True, False):
        again, newer = services.post_once(actor=alice, session_id=session.pk, text="One", key="k")
        assert (again.pk, new, newer) == (first.pk, True, False)
        if running:
            ended(first)
    with pytest.raises(Invalid) as refused:
        services.post_once(actor=alice, session_id=session.pk, text="Other", key="k")
    assert refused.value.code == "key_reused"
    assert Message.objects.count() == 2


@pytest.mark.parametrize("key", ["", "k"])
def test_ten_at_once_make_one_question(alice: User, model: LanguageModel, key: str) -> None:
    session = services.create_session(actor=alice)
    gate = threading.Barrier(10)
    seen: list[uuid.UUID | str] = []

    def send() -> None:
        gate.wait()
        try:
            posted, _ = services.post_once(actor=alice, session_id=session.pk, text="One", key=key)
            seen.append(posted.pk)
        except Conflict as error:
            seen.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (generation,) = Generation.objects.all()
    others = {generation.pk} if key else {"busy"}
    assert set(seen) - {generation.pk} <= others and len(seen) == 10
    assert Message.objects.count() == 2 and seen.count(generation.pk) == (10 if key else 1)


def test_a_model_that_was_switched_off_is_not_asked(alice: User, model: LanguageModel) -> None:
    other = LanguageModel.objects.create(
        provider=model.provider, name="other", display_name="Other", order=1, context_window=8000
    )
    session = services.create_session(actor=alice, model_id=other.pk)
    assert other in opening.usable_before().models
    LanguageModel.objects.filter(pk=other.pk).update(is_active=False)
    posted, _ = services.post_once(actor=alice, session_id=session.pk, text="Who?")
    assert posted.model == model


def test_a_model_that_has_just_gone_is_not_asked(alice: User, model: LanguageModel) -> None:
    gone = LanguageModel.objects.create(
        provider=model.provider, name="gone", display_name="Gone", order=1, context_window=8000
    )
    session = services.create_session(actor=alice, model_id=gone.pk)
    assert gone in opening.usable_before().models
    LanguageModel.objects.filter(pk=gone.pk).delete()
    posted, _ = services.post_once(actor=alice, session_id=session.pk, text="Who?")
    assert posted.model == model and Message.objects.count() == 2


def test_a_new_key_or_address_is_used_at_once(alice: User, model: LanguageModel) -> None:
    session = services.create_session(actor=alice)
    opening.usable_before()
    Provider.objects.filter(pk=model.provider_id).update(base_url="https://models.example.org/v1")
    for _ in range(2):  # the longer way, then the short one again
        posted, _new = services.post_once(actor=alice, session_id=session.pk, text="Who?")
        assert posted.model is not None
        assert posted.model.provider.base_url == "https://models.example.org/v1"
        ended(posted)
    with CaptureQueriesContext(connection) as seen:
        services.post_once(actor=alice, session_id=session.pk, text="And now?")
    assert len(seen) == 1


def test_whether_there_are_budgets_is_seen_on_the_way(alice: User, model: LanguageModel) -> None:
    session = services.create_session(actor=alice)
    ended(services.post_once(actor=alice, session_id=session.pk, text="Why?")[0])
    assert budgets.known_none()
    Budget.objects.create(scope="everyone", limit_usd=1)
    services.post_once(actor=alice, session_id=session.pk, text="And now?")
    assert not budgets.known_none()
    budgets.forget()
