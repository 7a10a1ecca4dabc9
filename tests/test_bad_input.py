"""What no honest client sends: an answer in the 400s, never a 500, and nothing changed."""

import json

import pytest

from accounts.models import User
from core.errors import AppError
from core.ids import new_id
from tests.doors import DOORS, Who
from tests.shared_world import _beneath, built, kept
from tests.world import build

__all__ = ["_beneath", "built", "kept"]

BODIES = {
    "deep": "[" * 200_000,
    "large": json.dumps({"email": "x" * 3_000_000}),
    "not UTF-8": b'{"email": "\xff\xfe"}',
    "NaN": '{"email": NaN, "title": NaN, "name": NaN, "message": NaN}',
    "huge number": '{"email": 1e999, "title": 1e999, "name": 1e999, "message": 1e999}',
    "surrogate": '{"email": "\\ud800", "title": "\\ud800", "name": "\\ud800", "content": "x"}',
    "NUL": '{"email": "\\u0000", "title": "\\u0000", "name": "a\\u0000", "language": "\\u0000"}',
    "list": "[1, 2]",
    "null": "null",
    "text": '"x"',
    "lists inside": '{"email": [], "title": [1], "name": [1], "message": [1], "status": [1]}',
    "objects inside": '{"email": {}, "title": {"$ne": 1}, "name": {}, "message": {}, "status": {}}',
    "booleans": '{"email": true, "title": true, "name": true, "message": true, "is_open": "maybe"}',
}
OPENAI_ERROR = {"message", "type", "param", "code"}
CHATS = {"<uuid:session_id>", "<uuid:message_id>"}
WRITES = [door for door in DOORS if door.method != "GET" and door.is_api]


@pytest.mark.parametrize(
    "door",
    [
        pytest.param(door, id=str(door), marks=[pytest.mark.django_db(transaction=door.is_async)])
        for door in WRITES
    ],
)
def test_bad_bodies_are_the_callers_fault(door, api, built, admin):
    """LibreChat CVE-2026-31949: a malformed body ended the process."""
    world = built
    # Of chats that do not exist: a body that happens to be fine must not start an answer. Of nobody
    # where people are deleted, which needs no body.
    path = "/" + door.path
    unknown = CHATS | ({"<uuid:user_id>"} if door.method == "DELETE" else set())
    for name, value in world.ids.items():
        path = path.replace(name, str(new_id() if name in unknown else value))
    client = api(admin if door.who is Who.ADMINS else world.alice)
    for name, body in BODIES.items():
        answer = client.generic(door.method, path, body, content_type="application/json")
        assert answer.status_code < 500, f"{name}: {answer.status_code}"
        if answer.status_code >= 400:
            openai = door.path.startswith("v1/")
            kind = "application/json" if openai else "application/problem+json"
            assert answer["Content-Type"] == kind, name
            assert not openai or set(answer.json()["error"]) == OPENAI_ERROR
    assert User.objects.count() == 2


LISTS = [
    "chat/sessions",
    "files",
    "collections",
    "models",
    "providers",
    "prompts",
    "users",
    "usage",
]


@pytest.mark.parametrize(
    "query",
    ["skip=-1", "skip=1e9", "skip=" + "9" * 30, "limit=0", "limit=101", "limit=%00", "limit=[]"],
)
@pytest.mark.parametrize("path", LISTS)
def test_a_wrong_page_is_refused_everywhere(db, api, admin, path, query):
    answer = api(admin).get(f"/api/v1/{path}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in ("skip", "limit")


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_the_one_shape(db, api, admin, path):
    build(admin)
    body = api(admin).get(f"/api/v1/{path}?skip=0&limit=1").json()
    name = path.rpartition("/")[2]
    assert set(body) >= {"total", name, "page", "page_size"}
    assert (body["page"], body["page_size"], len(body[name])) == (1, 1, 1)


@pytest.mark.parametrize("number", ["1_0", " 1", "%2B1", "1.0", "1e1", "%D9%A1", "9" * 5000])
@pytest.mark.parametrize("name", ["skip", "limit"])
def test_only_digits_are_numbers(api, alice, name, number):
    answer = api(alice).get(f"/api/v1/chat/sessions?{name}={number}")
    assert answer.status_code == 422
    assert [row["field"] for row in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("query", ["status=%00", "status=x", "search=%00", "status=" + "A" * 9999])
@pytest.mark.parametrize("path", ["chat/sessions", "files", "prompts", "users"])
def test_odd_filters_do_no_harm(db, api, admin, path, query):
    assert api(admin).get(f"/api/v1/{path}?{query}").status_code < 500


def test_errors_speak_the_callers_language_and_say_no_more(db, api, alice):
    answer = api(alice).get(f"/api/v1/files/{new_id()}", headers={"Accept-Language": "id"})
    body = answer.json()
    assert (body["status"], body["code"]) == (404, "not_found")
    assert not any(
        word in answer.content.decode() for word in ("Traceback", "DoesNotExist", "/work")
    )
    assert issubclass(AppError, Exception)
