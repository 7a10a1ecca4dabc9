"""Personal API keys: what they open, and everything that closes them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import api_keys, services
from accounts.models import ApiKey
from accounts.scopes import Scope, allows, needed
from tests.doors import DOORS

PATH = "/api/v1/keys"
ME = "/api/v1/auth/me"
pytestmark = pytest.mark.django_db


def by(raw):
    return Client(headers={"authorization": f"Bearer {raw}"})


@pytest.fixture
def raw(alice):
    return api_keys.make_key(actor=alice, name="Script")[1]


def test_a_key_is_shown_once_and_stored_hashed(api, alice):
    made = api(alice).post(PATH, {"name": "Script", "expires_in_days": 30})
    assert made.status_code == 201
    raw = made.json()["key"]
    assert raw.startswith(f"lontar_{made.json()['prefix']}_")
    assert by(raw).get(ME).json()["email"] == alice.email
    listed = api(alice).get(PATH).json()
    assert listed["total"] == 1 and raw not in str(listed) and "hash" not in str(listed)
    stored = ApiKey.objects.values().get()
    assert raw not in str(stored) and raw.split("_", 2)[2] not in str(stored)
    assert stored["used_at"] is not None


def test_a_changed_letter_opens_nothing(raw):
    last = "A" if raw[-1] != "A" else "B"
    for wrong in (raw[:-1] + last, raw[:-1], raw + "x", "lontar_", "lontar_zzzzzzzz_" + "x" * 43):
        assert by(wrong).get(ME).status_code == 401


def test_what_closes_a_key(raw, alice, admin):
    key = ApiKey.objects.get()
    assert by(raw).get(ME).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert by(raw).get(ME).status_code == 401
    ApiKey.objects.update(expires_at=None)
    services.set_active(actor=admin, user=alice, active=False)
    assert by(raw).get(ME).status_code == 401
    services.set_active(actor=admin, user=alice, active=True)
    assert by(raw).get(ME).status_code == 401, "switched on again, the old key stays void"
    ApiKey.objects.update(revoked_at=None)
    assert by(raw).get(ME).status_code == 200
    api_keys.revoke(actor=alice, key_id=key.pk)
    assert by(raw).get(ME).status_code == 401


def test_nobody_takes_back_the_key_of_another(api, alice, bob, admin, raw):
    path = f"{PATH}/{ApiKey.objects.get().pk}"
    for other in (bob, admin):
        assert api(other).delete(path).status_code == 404
    assert by(raw).get(ME).status_code == 200
    assert api(alice).delete(path).status_code == 204
    assert api(alice).delete(path).status_code == 404


def test_a_key_makes_lists_and_ends_no_keys(raw):
    client = by(raw)
    key = ApiKey.objects.get()
    answers = [
        client.get(PATH),
        client.post(PATH, {"name": "x"}),
        client.delete(f"{PATH}/{key.pk}"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].json()["code"] == "scope"
    assert client.patch(ME, {"full_name": "x"}, content_type="application/json").status_code == 403


@pytest.mark.parametrize(
    ("scope", "opened"),
    [
        (Scope.CHAT, {"GET /api/v1/chat/sessions", "POST /api/v1/chat/sessions"}),
        (Scope.READ, {"GET /api/v1/files", "POST /api/v1/rag/search"}),
        (Scope.WRITE, {"POST /api/v1/files/upload"}),
    ],
)
def test_a_scope_opens_its_area_and_no_other(scope, opened):
    asked = {
        "GET /api/v1/chat/sessions",
        "POST /api/v1/chat/sessions",
        "GET /api/v1/files",
        "POST /api/v1/rag/search",
        "POST /api/v1/files/upload",
        "GET /api/v1/users",
        "POST /api/v1/prompts",
    }
    assert {line for line in asked if allows([scope], *line.split())} == opened


def test_a_narrow_key_meets_403_and_a_wide_one_of_a_student_opens_no_admin_door(alice):
    _, narrow = api_keys.make_key(actor=alice, name="x", scopes=[Scope.READ])
    answer = by(narrow).get("/api/v1/chat/sessions")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert by(narrow).get("/api/v1/files").status_code == 200
    _, wide = api_keys.make_key(actor=alice, name="x")
    assert by(wide).get("/api/v1/users").status_code == 403
    assert by(wide).get("/api/v1/chat/sessions").status_code == 200


def test_doors_of_admins_need_the_widest_scope_or_that_of_their_area():
    areas = ("files", "collections", "sources", "knowledge", "rag", "models", "chat", "assistants")
    for door in DOORS:
        room = door.path.removeprefix("api/v1/").partition("/")[0]
        if door.path.startswith("api/v1/") and door.who.name == "ADMINS" and room not in areas:
            assert needed(door.method, f"/{door.path}") == Scope.ADMIN, door


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x\u202e"},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "expires_in_days": 0},
        {"name": "x", "expires_in_days": 10**9},
    ],
)
def test_a_wrong_wish_is_refused(api, alice, body):
    answer = api(alice).post(PATH, body, content_type="application/json")
    assert answer.status_code == 422


def test_nobody_has_more_than_fifty(api, alice, monkeypatch):
    monkeypatch.setattr(api_keys, "MOST", 2)
    codes = [api(alice).post(PATH, {"name": "x"}).status_code for _ in range(3)]
    assert codes == [201, 201, 409]
