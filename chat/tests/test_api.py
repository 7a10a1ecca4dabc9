"""Sessions in the REST contract of S1, asked by everybody."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat import services
from chat.models import Message, Session
from llm.models import LanguageModel, Provider

pytestmark = pytest.mark.django_db
Api = Callable[..., Any]
SESSIONS = "/api/v1/chat/sessions"


@pytest.fixture
def model(db: None) -> LanguageModel:
    provider = Provider.objects.create(kind="builtin", name="Built in")
    return LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes")


def test_create_answers_the_contract(alice: User, api: Api, model: LanguageModel) -> None:
    body = {
        "model_id": str(model.pk),
        "title": "Biology",
        "prompt_general": "Be brief.",
        "task": "Explain",
        "persona": "A patient tutor",
        "mission_objective": "Pass the exam",
    }
    response = api(alice).post(SESSIONS, body)
    assert response.status_code == 201
    row = response.json()
    assert row["user_id"] == str(alice.pk) and row["model_id"] == str(model.pk)
    assert (row["title"], row["status"], row["total_messages"]) == ("Biology", "ACTIVE", 0)
    assert row["started_at"]
    kept = Session.objects.get()
    assert kept.persona == "A patient tutor" and kept.mission_objective == "Pass the exam"


@pytest.mark.parametrize(
    "body",
    [
        {"model_id": "not-a-uuid"},
        {"model_id": str(uuid.uuid4())},
        {"prompt_id": str(uuid.uuid4())},
        {"title": "x" * 201},
        {"title": ["list"]},
        {"title": "ok", "user_id": "someone"},
        {"title": "ok", "status": "COMPLETED"},
        [1, 2],
    ],
)
def test_bad_bodies_are_refused_and_nothing_is_made(
    body: Any, alice: User, api: Api, model: LanguageModel
) -> None:
    response = api(alice).post(SESSIONS, body)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not Session.objects.exists()


def test_the_same_creation_twice_is_one_session(alice: User, api: Api) -> None:
    client = api(alice)
    first = client.post(SESSIONS, {"title": "One"}, headers={"Idempotency-Key": "a"})
    second = client.post(SESSIONS, {"title": "One"}, headers={"Idempotency-Key": "a"})
    other = client.post(SESSIONS, {"title": "Two"}, headers={"Idempotency-Key": "a"})
    assert first.json() == second.json()
    assert other.status_code == 422
    assert Session.objects.count() == 1


def test_list_pages_filters_and_shows_only_mine(alice: User, bob: User, api: Api) -> None:
    for number in range(5):
        services.create_session(actor=alice, title=f"Mine {number}")
    services.create_session(actor=bob, title="Not mine")
    Session.objects.filter(title="Mine 0").update(status="COMPLETED")
    page = api(alice).get(f"{SESSIONS}?skip=2&limit=2").json()
    assert page["total"] == 5 and (page["page"], page["page_size"]) == (2, 2)
    assert [row["title"] for row in page["sessions"]] == ["Mine 2", "Mine 1"]
    active = api(alice).get(f"{SESSIONS}?status=ACTIVE").json()
    assert active["total"] == 4
    for bad in ("limit=0", "limit=101", "skip=-1", "limit=x", "status=OPEN"):
        assert api(alice).get(f"{SESSIONS}?{bad}").status_code == 422


def test_detail_has_messages_with_sources(alice: User, api: Api, model: LanguageModel) -> None:
    session = services.create_session(actor=alice, title="Biology")
    question = Message.objects.create(session=session, position=1, role="user", content="Why?")
    answer = Message.objects.create(
        session=session, position=2, role="assistant", content="So [1].", parent=question
    )
    answer.citations.create(number=1, document_name="a.pdf", page=7, excerpt="so", score=0.5)
    session.leaf = answer
    session.save()
    body = api(alice).get(f"{SESSIONS}/{session.pk}").json()
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    (source,) = body["messages"][1]["sources"]
    assert source["document_name"] == "a.pdf" and source["page_number"] == 7
    assert source["relevance_score"] == 0.5 and source["chunk_index"] == 0


def test_reading_a_long_session_takes_few_queries(
    alice: User, api: Api, model: LanguageModel, django_assert_max_num_queries: Any
) -> None:
    session = services.create_session(actor=alice)
    parent = None
    for position in range(1, 41):
        parent = Message.objects.create(
            session=session, position=position, role="assistant", parent=parent, model=model
        )
        parent.citations.create(number=1, document_name="a.pdf", excerpt="x")
    session.leaf = parent
    session.save()
    client = api(alice)
    with django_assert_max_num_queries(8):
        assert len(client.get(f"{SESSIONS}/{session.pk}").json()["messages"]) == 40


def test_patch_renames_completes_and_changes_the_model(
    alice: User, api: Api, model: LanguageModel
) -> None:
    session = services.create_session(actor=alice)
    url = f"{SESSIONS}/{session.pk}"
    body = {"title": "Renamed", "status": "COMPLETED", "model_id": str(model.pk)}
    changed = api(alice).patch(url, body, content_type="application/json").json()
    assert (changed["title"], changed["status"]) == ("Renamed", "COMPLETED")
    assert changed["ended_at"] and changed["model"]["name"] == "quotes"
    for bad in ({"status": "DONE"}, {"user_id": "x"}, {"total_messages": 5}):
        refused = api(alice).patch(url, bad, content_type="application/json")
        assert refused.status_code == 422


def test_foreign_and_unknown_sessions_look_the_same(
    alice: User, bob: User, charlie: User, api: Api
) -> None:
    session = services.create_session(actor=alice, title="secret")
    for user in (bob, charlie):
        client = api(user)
        for method in ("get", "patch", "delete"):
            call = getattr(client, method)
            kwargs = {} if method == "get" else {"content_type": "application/json"}
            foreign = call(f"{SESSIONS}/{session.pk}", **kwargs)
            unknown = call(f"{SESSIONS}/{uuid.uuid4()}", **kwargs)
            assert foreign.status_code == unknown.status_code == 404
            assert foreign.json() == unknown.json()
    assert api().get(f"{SESSIONS}/{session.pk}").status_code == 401
    assert Session.objects.filter(title="secret").exists()


def test_owner_and_admin_delete(alice: User, admin: User, api: Api) -> None:
    for user in (alice, admin):
        session = services.create_session(actor=alice)
        assert api(user).delete(f"{SESSIONS}/{session.pk}").status_code == 204
        assert not Session.objects.exists()


def test_config_names_models_and_the_active_prompt(
    alice: User, api: Api, model: LanguageModel
) -> None:
    body = api(alice).get("/api/v1/chat/config").json()
    assert body["models"] == [
        {"id": str(model.pk), "name": "quotes", "display_name": "Quotes", "provider": "builtin"}
    ]
    assert body["active_prompt"] is None


def test_users_and_their_chats_are_for_admins(
    alice: User, bob: User, admin: User, api: Api
) -> None:
    services.create_session(actor=alice, title="Biology")
    assert api(bob).get("/api/v1/users").status_code == 403
    assert api(bob).get(f"/api/v1/users/{alice.pk}/chats").status_code == 403
    users = api(admin).get("/api/v1/users").json()
    assert {row["email"]: row["chat_count"] for row in users["users"]}[alice.email] == 1
    chats = api(admin).get(f"/api/v1/users/{alice.pk}/chats").json()
    assert [row["title"] for row in chats["sessions"]] == ["Biology"]
    assert api(admin).get(f"/api/v1/users/{uuid.uuid4()}/chats").status_code == 404
