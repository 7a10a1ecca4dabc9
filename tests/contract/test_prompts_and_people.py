"""prompts, users, groups, keys: what admins steer, and keys of one's own."""

import pytest

from chat import services as chat
from core.ids import new_id
from tests.contract.shape import JSON, is_paged, is_problem

pytestmark = pytest.mark.django_db
PROMPTS, USERS, GROUPS, KEYS = (f"/api/v1/{name}" for name in "prompts users groups keys".split())
PROMPT = {
    "id",
    "name",
    "description",
    "content",
    "task",
    "persona",
    "mission_objective",
    "is_active",
    "version",
    "archived_at",
    "created_at",
    "updated_at",
}
PERSON = {
    "id",
    "email",
    "full_name",
    "role",
    "is_active",
    "created_at",
    "last_active_at",
    "chat_count",
}
BODY = {"name": "Tutor", "content": "Help."}


def test_prompts_are_for_admins(api, alice):
    for who, status in ((api(alice), 403), (api(), 401)):
        is_problem(who.get(PROMPTS), status)
        is_problem(who.post(PROMPTS, BODY), status)
        for method in ("get", "put", "delete"):
            is_problem(who.generic(method.upper(), f"{PROMPTS}/{new_id()}"), status)
        is_problem(who.patch(f"{PROMPTS}/{new_id()}/activate"), status)


def test_the_life_of_a_prompt(api, admin):
    client = api(admin)
    made = client.post(PROMPTS, BODY)
    assert made.status_code == 201 and made.json().keys() == PROMPT
    path = f"{PROMPTS}/{made.json()['id']}"
    assert client.get(path).json() == made.json()
    changed = client.put(path, {**BODY, "task": "Explain"}, content_type=JSON)
    assert (changed.status_code, changed.json()["task"]) == (200, "Explain")
    active = client.patch(f"{path}/activate")
    assert (active.status_code, active.json()["is_active"]) == (200, True)
    is_problem(client.delete(path), 409, "prompt_active")
    other = client.post(PROMPTS, {**BODY, "name": "Other"}).json()
    client.patch(f"{PROMPTS}/{other['id']}/activate")
    assert client.get(path).json()["is_active"] is False  # exactly one
    gone = client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    is_problem(client.get(path), 404, "not_found")
    is_problem(client.put(path, {"name": "x"}, content_type=JSON), 422, "invalid", "content")


def test_prompts_are_listed_newest_first_and_found(api, admin):
    client = api(admin)
    for number in range(3):
        client.post(PROMPTS, {**BODY, "name": f"P{number}"})
    rows = is_paged(client, PROMPTS, "prompts", 3)
    assert [row["name"] for row in rows] == ["P2", "P1", "P0"]
    assert all(row.keys() == PROMPT for row in rows)
    assert client.get(PROMPTS, {"search": "p1"}).json()["total"] == 1


def test_users_and_their_chats(api, alice, bob, admin):
    client = api(admin)
    rows = is_paged(client, USERS, "users", 3)
    assert all(row.keys() == PERSON for row in rows)
    chat.create_session(actor=alice, title="One")
    chat.create_session(actor=alice, title="Two")
    (row,) = client.get(USERS, {"search": "alice"}).json()["users"]
    assert row["chat_count"] == 2
    chats = is_paged(client, f"{USERS}/{alice.pk}/chats", "sessions", 2)
    assert [one["title"] for one in chats] == ["Two", "One"]
    is_problem(client.get(f"{USERS}/{new_id()}/chats"), 404, "not_found")
    for path in (USERS, f"{USERS}/{alice.pk}", f"{USERS}/{alice.pk}/chats"):
        is_problem(api(bob).get(path), 403, "forbidden")
        is_problem(api().get(path), 401, "not_authenticated")


def test_a_person_is_changed_and_deleted_by_admins(api, alice, bob, admin, superadmin):
    path = f"{USERS}/{alice.pk}"
    changed = api(admin).patch(path, {"is_active": False}, content_type=JSON)
    assert changed.status_code == 200 and changed.json().keys() == PERSON
    assert changed.json()["is_active"] is False
    wrong = api(admin).patch(path, {"role": "owner"}, content_type=JSON)
    is_problem(wrong, 422, "invalid", "role")
    is_problem(api(admin).patch(path, {}, content_type=JSON), 422)
    is_problem(api(bob).patch(path, {"role": "admin"}, content_type=JSON), 403, "forbidden")
    top = f"{USERS}/{superadmin.pk}"
    for body in ({"is_active": False}, {"role": "student"}):
        assert api(admin).patch(top, body, content_type=JSON).status_code in (403, 409)
    assert api(admin).delete(top).status_code in (403, 409)
    assert api(admin).delete(path).status_code == 204


def test_groups_and_members(api, alice, bob, admin):
    client = api(admin)
    made = client.post(GROUPS, {"name": "Biology"})
    assert made.status_code == 201 and made.json().keys() >= {"id", "name", "member_count"}
    client.post(GROUPS, {"name": "Chemistry"})
    is_paged(client, GROUPS, "groups", 2)
    path = f"{GROUPS}/{made.json()['id']}"
    added = client.post(f"{path}/members", {"emails": [alice.email, bob.email]})
    assert (added.status_code, added.json()) == (200, {"added": 2, "member_count": 2})
    rows = is_paged(client, f"{path}/members", "members", 2)
    assert rows[0].keys() == {"id", "email", "full_name", "role", "created_at"}
    assert client.delete(f"{path}/members/{bob.pk}").status_code == 204
    assert client.get(path).json()["member_count"] == 1
    is_problem(client.post(GROUPS, {"name": "Biology"}), 409)
    for other in (api(alice), api(bob)):
        is_problem(other.get(GROUPS), 403, "forbidden")
        is_problem(other.get(f"{path}/members"), 403, "forbidden")
    assert client.delete(path).status_code == 204


def test_keys_are_shown_once_and_are_ones_own(api, alice, bob):
    client = api(alice)
    made = client.post(KEYS, {"name": "Script", "scopes": ["chat"], "expires_in_days": 9})
    row = {"id", "name", "prefix", "scopes", "created_at", "expires_at", "used_at"}
    assert made.status_code == 201 and made.json().keys() == row | {"key"}
    client.post(KEYS, {"name": "Other"})
    rows = is_paged(client, KEYS, "keys", 2)
    assert all(one.keys() == row for one in rows)
    path = f"{KEYS}/{made.json()['id']}"
    is_problem(api(bob).delete(path), 404, "not_found")
    bearer = {"headers": {"Authorization": f"Bearer {made.json()['key']}"}}
    assert api().get("/api/v1/chat/sessions", **bearer).status_code == 200
    assert client.delete(path).status_code == 204
    is_problem(api().get("/api/v1/chat/sessions", **bearer), 401, "not_authenticated")
