"""A chat with an assistant: what it keeps, who may go on with it, what it searches."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Group, User
from chat import branches, one_shot, opening, services
from chat.assistants import services as assistants
from chat.assistants.models import Assistant
from chat.models import Session
from chat.plans import plan
from chat.tests.fakes import Script, ask, events_of, words
from core.db import in_thread
from core.errors import Conflict, Forbidden, Invalid, Unavailable
from documents.models import Collection
from llm.events import Completed
from llm.messages import ToolCall
from llm.models import LanguageModel
from prompts import services as prompts
from rag.tests.library import collection, direction, document

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def group(alice: User) -> Group:
    found = Group.objects.create(name="Biology")
    found.memberships.create(user=alice)
    return found


@pytest.fixture
def tutor(admin: User, group: Group, model: LanguageModel) -> Assistant:
    prompt = prompts.create_prompt(
        actor=admin, name="Biology", content="Teach {student_name} {course} in {language}."
    )
    return assistants.create_assistant(
        actor=admin,
        name="Cell tutor",
        model_id=model.pk,
        prompt_id=prompt.pk,
        tools=["document_search"],
        groups=[group.pk],
    )


def other_model(model: LanguageModel, name: str = "other") -> LanguageModel:
    return LanguageModel.objects.create(
        provider=model.provider, name=name, display_name=name, order=200, context_window=8000
    )


def both_ways(user: User, session: Session) -> list[Any]:
    """The plan of a question that is opened in one statement, and of one in steps."""
    plans = []
    for post in (services.post_once, services.post_message):
        done = post(actor=user, session_id=session.pk, text="Why?")
        generation = done[0] if isinstance(done, tuple) else done
        plans.append(plan(generation, user, "id"))
        type(generation).objects.filter(pk=generation.pk).update(status="complete")
    return plans


def test_a_session_goes_on_with_what_it_began_with(
    alice: User, admin: User, tutor: Assistant, model: LanguageModel
) -> None:
    where = collection(None, is_open=True)
    assistants.update_assistant(actor=admin, assistant_id=tutor.pk, collections=[where.pk])
    session = services.create_session(actor=alice, assistant_id=tutor.pk)
    other = other_model(model)
    assistants.update_assistant(
        actor=admin,
        assistant_id=tutor.pk,
        name="Another",
        model_id=other.pk,
        fallbacks=[model.pk],
        collections=[],
        tools=[],
    )
    assert tutor.prompt_id is not None
    prompts.update_prompt(actor=admin, prompt_id=tutor.prompt_id, content="Say nothing.")
    for made in both_ways(alice, session):
        assert made.model == model and made.may_search
        assert made.scope.collections == [where.pk]
        assert "Teach Alice Cell tutor in Indonesian." in made.chosen.request.system
        assert made.others() == []
    again = services.create_session(actor=alice, assistant_id=tutor.pk)
    for made in both_ways(alice, again):
        assert made.model == other and not made.may_search
        assert [one.model for one in made.others()] == [model]
        assert "Say nothing." in made.chosen.request.system
        assert "document_search" not in made.chosen.request.system


def test_a_turn_with_an_assistant_is_opened_in_one_statement(alice: User, tutor: Assistant) -> None:
    session = services.create_session(actor=alice, assistant_id=tutor.pk)
    opening.usable_before()
    with CaptureQueriesContext(connection) as seen:
        generation, _ = services.post_once(actor=alice, session_id=session.pk, text="Why?")
        plan(generation, alice, "en")
    assert len(seen) == 1


def test_it_is_open_to_its_group_and_people_only(
    alice: User, bob: User, charlie: User, admin: User, deactivated: User, tutor: Assistant
) -> None:
    """Open WebUI CVE-2026-44556, CVE-2026-44563: who may use a model was asked at one door
    only."""
    assistants.set_access(actor=admin, assistant_id=tutor.pk, users=[bob.email])
    for user in (alice, bob, admin):
        services.create_session(actor=user, assistant_id=tutor.pk)
    for user in (charlie, deactivated):
        with pytest.raises(Invalid) as refused:
            services.create_session(actor=user, assistant_id=tutor.pk)
        assert refused.value.code == "unknown_assistant"
    assistants.set_access(actor=admin, assistant_id=tutor.pk, is_open=True)
    services.create_session(actor=charlie, assistant_id=tutor.pk)
    assistants.update_assistant(actor=admin, assistant_id=tutor.pk, is_active=False)
    with pytest.raises(Invalid):
        services.create_session(actor=admin, assistant_id=tutor.pk)


@pytest.mark.parametrize("way", ["group", "people", "off", "archived", "open"])
def test_access_taken_away_ends_the_turns(
    alice: User, admin: User, tutor: Assistant, way: str
) -> None:
    if way == "people":
        assistants.set_access(actor=admin, assistant_id=tutor.pk, groups=[], users=[str(alice.pk)])
    if way == "open":
        assistants.set_access(actor=admin, assistant_id=tutor.pk, groups=[], is_open=True)
    session = services.create_session(actor=alice, assistant_id=tutor.pk)
    both_ways(alice, session)
    answer = session.messages.get(position=2)
    match way:
        case "group":
            alice.memberships.all().delete()
        case "off":
            assistants.update_assistant(actor=admin, assistant_id=tutor.pk, is_active=False)
        case "archived":
            assistants.delete_assistant(actor=admin, assistant_id=tutor.pk)
        case _:
            assistants.set_access(actor=admin, assistant_id=tutor.pk, users=[], is_open=False)
    asking = {"actor": alice, "session_id": session.pk, "text": "Why?"}
    before = session.messages.count()
    for ask_again in (
        lambda: services.post_once(**asking),
        lambda: services.post_message(**asking),
        lambda: branches.answer_again(actor=alice, message_id=answer.pk),
        lambda: branches.edit(actor=alice, message_id=answer.parent_id, text="Why not?"),
    ):
        with pytest.raises(Forbidden) as refused:
            ask_again()
        assert refused.value.code == "assistant_closed"
    assert session.messages.count() == before


def test_its_fallback_answers_for_a_model_that_is_gone_and_nobody_else(
    alice: User, admin: User, tutor: Assistant, model: LanguageModel
) -> None:
    mine, second = other_model(model, "mine"), other_model(model, "second")
    assistants.update_assistant(
        actor=admin, assistant_id=tutor.pk, model_id=mine.pk, fallbacks=[second.pk]
    )
    session = services.create_session(actor=alice, assistant_id=tutor.pk)
    mine.delete()
    assert [made.model for made in both_ways(alice, session)] == [second, second]
    LanguageModel.objects.filter(pk=second.pk).update(is_active=False)
    for post in (services.post_once, services.post_message):
        with pytest.raises(Unavailable) as refused:
            post(actor=alice, session_id=session.pk, text="Why?")
        assert "assistant" in str(refused.value)


def test_an_assistant_brings_its_model_and_prompt(
    alice: User, tutor: Assistant, model: LanguageModel
) -> None:
    for more in (
        {"model_id": model.pk},
        {"prompt_id": tutor.prompt_id},
        {"persona": "A bear"},
        {"task": "Growl"},
    ):
        with pytest.raises(Invalid) as refused:
            services.create_session(actor=alice, assistant_id=tutor.pk, **more)  # type: ignore[arg-type]
        assert refused.value.code == "assistant_decides"
    session = services.create_session(
        actor=alice, assistant_id=tutor.pk, prompt_general="Be {student_name}."
    )
    with pytest.raises(Conflict):
        services.update_session(actor=alice, session=session, model_id=model.pk)
    system = both_ways(alice, session)[0].chosen.request.system
    assert system.index("Teach Alice") < system.index("Be {student_name}.")


@pytest.fixture
def _one_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    async def query_vector(_model: Any, _text: str, _caller: Any = None) -> Any:
        return direction(0)

    monkeypatch.setattr("rag.search.query_vector", query_vector)


def shelf(name: str, owner: User, group: Group | None = None) -> Collection:
    made = Collection.objects.create(name=name, owner=owner)
    if group is not None:
        made.groups.add(group)
    document(made, owner, f"{name}.txt", [f"The {name} pumps blood."], [0])
    return made


@pytest.mark.usefixtures("_one_axis")
async def test_its_turns_search_its_collections_as_far_as_the_asker_may_read(
    alice: User,
    admin: User,
    bob: User,
    group: Group,
    tutor: Assistant,
    play: Callable[..., Script],
) -> None:
    """Open WebUI CVE-2026-54010, CVE-2026-45402: read through what it was attached to."""

    def made() -> Session:
        shared, private = shelf("heart", admin, group), shelf("secret", bob)
        shelf("elsewhere", admin, group)
        assistants.update_assistant(
            actor=admin, assistant_id=tutor.pk, collections=[shared.pk, private.pk]
        )
        return services.create_session(actor=alice, assistant_id=tutor.pk)

    async def found(user: User, session: Session) -> set[str]:
        called = [
            ToolCall("1", "document_search", {"query": "blood"}),
            Completed(stop_reason="tool_calls"),
        ]
        script = play(called, words("Blood."))
        await events_of(await ask(user, session, "What pumps blood?"))
        results = script.requests[1].messages[-1].parts
        told = json.loads(results[0].content)  # type: ignore[union-attr]
        return {passage["document"] for passage in told["passages"]}

    session = await in_thread(made)
    assert await found(alice, session) == {"heart.txt"}
    # Taken away from the group: the assistant opens nothing.
    await in_thread(Collection.groups.through.objects.all().delete)
    assert await found(alice, session) == set()
    # Gone: nothing is found, rather than everything.
    await in_thread(Collection.objects.filter(name__in=["heart", "secret"]).delete)
    assert await found(alice, session) == set()


async def test_tools_it_is_not_given_are_not_offered(
    alice: User, admin: User, tutor: Assistant, play: Callable[..., Script]
) -> None:
    def made() -> Session:
        assistants.update_assistant(actor=admin, assistant_id=tutor.pk, tools=[])
        return services.create_session(actor=alice, assistant_id=tutor.pk)

    script = play(words("Hello."))
    await events_of(await ask(alice, await in_thread(made), "Hello"))
    assert script.requests[0].tools == ()


def test_two_admins_at_once_merge_or_learn_of_each_other(admin: User, tutor: Assistant) -> None:
    gate = threading.Barrier(2)
    refused: list[str] = []

    def change(**fields: Any) -> None:
        gate.wait()
        try:
            assistants.update_assistant(actor=admin, assistant_id=tutor.pk, **fields)
        except Conflict as error:
            refused.append(error.code)
        finally:
            connection.close()

    def both(first: dict[str, Any], second: dict[str, Any]) -> None:
        threads = [threading.Thread(target=change, kwargs=one) for one in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tutor.refresh_from_db()

    both({"name": "A"}, {"description": "B"})
    assert (tutor.name, tutor.description, tutor.version, refused) == ("A", "B", 3, [])
    both({"name": "C", "version": 3}, {"description": "D", "version": 3})
    assert refused == ["changed_meanwhile"]
    assert (tutor.name == "C") != (tutor.description == "D")
    assert [row.number for row in tutor.versions.all()] == [4, 3, 2, 1]


def test_deleting_a_used_one_archives_it(alice: User, admin: User, tutor: Assistant) -> None:
    unused = assistants.create_assistant(actor=admin, name="Unused")
    session = services.create_session(actor=alice, assistant_id=tutor.pk)
    for one in (unused, tutor):
        assistants.delete_assistant(actor=admin, assistant_id=one.pk)
    assert list(Assistant.objects.values_list("pk", flat=True)) == [tutor.pk]
    assert not Assistant.objects.current().exists()
    session.refresh_from_db()
    assert session.assistant == tutor
    # Its prompt is used by it, so it is archived too.
    assert tutor.prompt_id is not None
    prompts.delete_prompt(actor=admin, prompt_id=tutor.prompt_id)
    assistants.create_assistant(actor=admin, name=tutor.name.upper())


def test_one_request_begins_a_chat_with_it(
    alice: User, charlie: User, tutor: Assistant, model: LanguageModel
) -> None:
    for named in (str(tutor.pk), "cell TUTOR"):
        generation, _ = one_shot.ask_once(actor=alice, prompt="Why?", assistant=named)
        assert generation.session.assistant == tutor
    with pytest.raises(Invalid) as refused:
        one_shot.ask_once(actor=charlie, prompt="Why?", assistant=str(tutor.pk))
    assert refused.value.code == "unknown_assistant" and not charlie.chat_sessions.exists()
    plain = services.create_session(actor=alice)
    with pytest.raises(Conflict) as told:
        one_shot.ask_once(actor=alice, prompt="Why?", assistant="Cell tutor", session_id=plain.pk)
    assert told.value.code == "another_assistant"
