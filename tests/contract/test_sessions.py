"""chat/config and chat/sessions: begin, list, read, change, delete."""

import pytest

from chat import services
from chat.models import Message, Session
from core.ids import new_id
from llm.models import LanguageModel, Provider
from prompts.services import ensure_default_prompt
from tests.contract.shape import JSON, is_paged, is_problem, same_404

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/chat/sessions"
ROW = {
    "id",
    "user_id",
    "model_id",
    "assistant_id",
    "title",
    "status",
    "total_messages",
    "comprehension_level",
    "started_at",
    "updated_at",
    "ended_at",
    "archived_at",
}
FIELDS = {"prompt_general", "task", "persona", "mission_objective"}
DETAIL = (
    ROW | FIELDS | {"model", "assistant", "prompt_id", "leaf_id", "files_collection_id", "messages"}
)
SOURCE_OF_S1 = {"document_id", "document_name", "page_number", "chunk_index", "relevance_score"}


@pytest.fixture
def model():
    provider = Provider.objects.create(kind="builtin", name="Built in")
    return LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes")


def test_config(api, alice, model):
    prompt = ensure_default_prompt()
    body = api(alice).get("/api/v1/chat/config").json()
    assert body.keys() == {"models", "assistants", "active_prompt"}
    row = {"id": str(model.pk), "name": "quotes", "display_name": "Quotes", "provider": "builtin"}
    assert body["models"] == [row]
    shown = {"id": str(prompt.pk), "name": prompt.name, "content": prompt.content}
    assert body["active_prompt"] == shown
    is_problem(api().get("/api/v1/chat/config"), 401, "not_authenticated")


def test_begin(api, alice, model):
    prompt = ensure_default_prompt()
    body = {"model_id": str(model.pk), "title": "Biology", "prompt_id": str(prompt.pk)}
    answer = api(alice).post(SESSIONS, {**body, **dict.fromkeys(FIELDS, "Be brief.")})
    assert answer.status_code == 201
    row = answer.json()
    assert row.keys() == ROW
    assert (row["user_id"], row["model_id"]) == (str(alice.pk), str(model.pk))
    assert (row["title"], row["status"], row["total_messages"]) == ("Biology", "ACTIVE", 0)
    detail = api(alice).get(f"{SESSIONS}/{row['id']}").json()
    assert {name: detail[name] for name in FIELDS} == dict.fromkeys(FIELDS, "Be brief.")
    assert detail["prompt_id"] == str(prompt.pk)


def test_begin_with_nothing_at_all(api, alice):
    row = api(alice).post(SESSIONS).json()
    assert (row["title"], row["model_id"], row["assistant_id"]) == ("", None, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"model_id": "x"}, "invalid"),
        ({"model_id": "00000000-0000-4000-8000-000000000000"}, "unknown_model"),
        ({"prompt_id": "00000000-0000-4000-8000-000000000000"}, "unknown_prompt"),
        ({"assistant_id": "00000000-0000-4000-8000-000000000000"}, "unknown_assistant"),
        ({"title": "x" * 201}, "invalid"),
        ({"title": 7}, "invalid"),
        ({"user_id": "somebody"}, "invalid"),
        (["a list"], "invalid"),
    ],
)
def test_a_wrong_beginning_makes_nothing(api, alice, model, body, code):
    is_problem(api(alice).post(SESSIONS, body), 422, code)
    assert not Session.objects.exists()


def test_list(api, alice, bob, admin):
    for number in range(3):
        services.create_session(actor=alice, title=f"Mine {number}")
    services.create_session(actor=bob, title="His")
    rows = is_paged(api(alice), SESSIONS, "sessions", 3)
    assert [row["title"] for row in rows] == ["Mine 2", "Mine 1", "Mine 0"]  # newest first
    assert rows[0].keys() == ROW
    assert api(admin).get(SESSIONS).json()["total"] == 0  # an admin's own
    is_problem(api().get(SESSIONS), 401, "not_authenticated")


def test_list_by_status_words_and_archive(api, alice):
    first, second, third = (services.create_session(actor=alice, title=f"T{n}") for n in range(3))
    services.update_session(actor=alice, session=first, status="COMPLETED")
    services.update_session(actor=alice, session=second, archived=True)
    Message.objects.create(session=third, position=1, role="user", content="Chlorophyll")

    def titles(**query):
        return [row["title"] for row in api(alice).get(SESSIONS, query).json()["sessions"]]

    assert titles(status="COMPLETED") == ["T0"]
    assert titles(status="ACTIVE") == ["T2", "T1"]
    assert titles(search="chloro") == ["T2"] and titles(search="T1") == ["T1"]
    assert titles(archived="true") == ["T1"] and titles(archived="false") == ["T2", "T0"]
    for name in ("status", "archived"):
        is_problem(api(alice).get(SESSIONS, {name: "maybe"}), 422, "invalid", name)


def test_read_with_sources(api, alice, model):
    session = services.create_session(actor=alice, model_id=model.pk)
    question = Message.objects.create(session=session, position=1, role="user", content="Why?")
    answer = Message.objects.create(
        session=session, position=2, role="assistant", content="So [1].", parent=question
    )
    answer.citations.create(number=1, document_name="a.pdf", page=7, excerpt="so", score=0.5)
    session.leaf, session.total_messages = answer, 2
    session.save()
    body = api(alice).get(f"{SESSIONS}/{session.pk}").json()
    assert body.keys() == DETAIL
    assert body["model"] == {"id": str(model.pk), "name": "quotes"}
    assert [one["role"] for one in body["messages"]] == ["user", "assistant"]
    assert all(one.keys() >= {"role", "content", "created_at"} for one in body["messages"])
    (source,) = body["messages"][1]["sources"]
    assert source.keys() >= SOURCE_OF_S1
    assert (source["document_name"], source["page_number"]) == ("a.pdf", 7)
    assert (source["chunk_index"], source["relevance_score"]) == (0, 0.5)


def test_an_admin_reads_and_others_find_nothing(api, alice, bob, charlie, admin):
    mine = f"{SESSIONS}/{services.create_session(actor=alice).pk}"
    nowhere = f"{SESSIONS}/{new_id()}"
    assert api(admin).get(mine).status_code == 200
    for other in (bob, charlie):
        for method in ("get", "patch", "delete"):
            same_404(api(other), method, (mine, nowhere))
    is_problem(api().get(mine), 401, "not_authenticated")


def test_change(api, alice, admin):
    path = f"{SESSIONS}/{services.create_session(actor=alice).pk}"
    body = {"title": "Renamed", "status": "COMPLETED"}
    changed = api(alice).patch(path, body, content_type=JSON).json()
    assert changed.keys() == DETAIL
    assert (changed["title"], changed["status"]) == ("Renamed", "COMPLETED")
    assert changed["ended_at"]
    assert api(admin).patch(path, {"title": "A"}, content_type=JSON).json()["title"] == "A"
    wrong = api(alice).patch(path, {"status": "DONE"}, content_type=JSON)
    is_problem(wrong, 422, "invalid", "status")


def test_delete(api, alice, admin):
    for who in (alice, admin):
        path = f"{SESSIONS}/{services.create_session(actor=alice).pk}"
        answer = api(who).delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        is_problem(api(who).get(path), 404, "not_found")


def test_where_chats_are_kept_only_admins_change_them(api, alice, admin, settings):
    settings.CHATS_ARE_KEPT = True
    path = f"{SESSIONS}/{services.create_session(actor=alice).pk}"
    for body in ({"title": "Mine"}, {"status": "COMPLETED"}):
        is_problem(api(alice).patch(path, body, content_type=JSON), 403, "chats_are_kept")
    is_problem(api(alice).delete(path), 403, "chats_are_kept")
    assert api(alice).patch(path, {"archived": True}, content_type=JSON).status_code == 200
    assert api(admin).patch(path, {"title": "A"}, content_type=JSON).status_code == 200
    assert api(admin).delete(path).status_code == 204


def test_the_same_beginning_twice_is_one(api, alice):
    key = {"headers": {"Idempotency-Key": "first"}}
    one, two = (api(alice).post(SESSIONS, {"title": "One"}, **key) for _ in range(2))
    assert one.json() == two.json() and two.status_code == 201
    is_problem(api(alice).post(SESSIONS, {"title": "Two"}, **key), 422)
    assert Session.objects.count() == 1
