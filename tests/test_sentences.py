"""Whoever sends what a door does not take is told so in a sentence of ours, in their language.

That no sentence is REST framework's or pydantic's own is held of every answer of every test: see
tests/holding.py. Here every door is asked for them.
"""

import json

import pytest
from django.utils import translation

from config.reference import document
from core import sentences
from core.ids import new_id
from documents import tasks
from llm.models import EmbeddingModel
from tests.doors import DOORS, Who
from tests.test_bad_input import CHATS
from tests.test_locale import entries
from tests.test_openapi import OPERATIONS
from tests.world import build

pytestmark = pytest.mark.django_db(transaction=True)
API = [door for door in DOORS if door.path.startswith(("api/v1/", "v1/"))]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
KINDS = (None, 7, True, "", "\x00", "\ud800", [7], {}, "x" * 70_000)
JSON = "application/json"


@pytest.fixture
def world(alice, monkeypatch, settings):
    settings.LIMITS = dict.fromkeys(settings.LIMITS, "1000000/m")
    for name in ("enqueue", "enqueue_web", "enqueue_removal"):
        monkeypatch.setattr(tasks, name, lambda *args, **options: True)
    EmbeddingModel.objects.update_or_create(
        kind="local", name="all-MiniLM-L6-v2", dimensions=384, defaults={"is_current": True}
    )
    return build(alice)


@pytest.fixture
def clients(api, alice, superadmin):
    def of(door):
        return admin if door.who is Who.ADMINS else student

    admin, student = api(superadmin), api(alice)
    return of


def addresses(world):
    """(door, its address); chats do not exist, so that no answer is begun."""
    for door in API:
        path = "/" + door.path
        for name, value in world.ids.items():
            path = path.replace(name, str(new_id() if name in CHATS else value))
        yield door, path


def said(answer) -> str:
    body = answer.json()
    return body["error"]["message"] if "error" in body else body["detail"]


def is_translated(sentence, english) -> bool:
    known = {entry["msgid"] for entry in entries("django")}
    with translation.override("id"):
        return str(english) not in known or sentence != english


def test_of_a_method_that_is_not_taken(world, api, superadmin):
    client, taken = api(superadmin), {}
    for door in API:
        taken.setdefault(door.path, set()).add(door.method)
    for door, path in addresses(world):
        other = next(method for method in METHODS if method not in taken[door.path])
        answer = client.generic(other, path)
        assert answer.status_code == 405, door
        allowed = set(answer.headers["Allow"].replace(" ", "").split(","))
        assert taken[door.path] <= allowed and other not in allowed, door
        told = said(answer)
        assert told.startswith(f"This address does not take {other}, but "), told
        assert all(method in told for method in taken[door.path])
        is_problem = answer.headers["Content-Type"] == "application/problem+json"
        assert is_problem != door.path.startswith("v1/")


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize(
    ("body", "kind", "status", "sentence"),
    [
        ("{", JSON, 400, sentences.JSON_BODY),
        ("null", JSON, 422, sentences.OBJECT),
        ("7", JSON, 422, sentences.OBJECT),
        ("{}", "application/xml", 415, sentences.MEDIA_TYPE),
        ("--", "multipart/form-data", 400, sentences.FORM_BODY),
    ],
    ids=["broken", "null", "a number", "media type", "form"],
)
def test_of_a_body_that_cannot_be_read(world, clients, language, body, kind, status, sentence):
    """At the doors whose body the document describes as JSON, or for a form as one."""
    media = "multipart/form-data" if kind.startswith("multipart") else JSON
    takers = {
        (method.upper(), path)
        for method, path, operation in OPERATIONS
        if list(operation.get("requestBody", {}).get("content", {})) == [media]
        and path.startswith("/api/v1/")
    }
    asked = 0
    for door, path in addresses(world):
        named = "/" + door.path.replace("<uuid:", "{").replace("<int:", "{").replace(">", "}")
        if (door.method, named) not in takers or (door.is_async and status == 415):
            continue  # ninja reads every body as JSON
        answer = clients(door).generic(
            door.method, path, body, content_type=kind, headers={"Accept-Language": language}
        )
        if answer.status_code == 404:
            continue  # to whom it is not there, nothing is wrong with the body
        asked += 1
        assert answer.status_code == status, (door, answer.content)
        with translation.override(language):
            wanted = str(sentence) % {"types": media} if status == 415 else str(sentence)
        assert said(answer) == wanted, door
    assert asked > (1 if media != JSON else 30)
    assert language == "en" or is_translated(wanted, sentence)


@pytest.mark.slow
def test_of_every_field_of_another_kind(world, clients):
    """No 500 either: holding.py looks at the words."""
    for door, path in addresses(world):
        named = "/" + door.path.replace("<uuid:", "{").replace("<int:", "{").replace(">", "}")
        operation = document()["paths"].get(named, {}).get(door.method.lower(), {})
        described = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if described is None or door.method == "DELETE":
            continue
        shape = document()["components"]["schemas"][described["schema"]["$ref"].split("/")[-1]]
        for field in shape["properties"]:
            for value in KINDS:
                body = json.dumps({**described["example"], field: value})
                answer = clients(door).generic(door.method, path, body, content_type=JSON)
                assert answer.status_code < 500, (door, field, value)


@pytest.mark.parametrize("accepted", ["application/xml", "image/png", ";;;", "*/*;q=0"])
def test_every_address_answers_in_its_one_media_type(world, api, alice, accepted):
    """A download asked for by its own media type was refused once."""
    client = api(alice, headers={"Accept": accepted})
    for path in ("chat/sessions", f"files/{world.document.pk}", "auth/me"):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, JSON)
    whole = client.get(f"/api/v1/files/{world.document.pk}/download")
    assert whole.status_code == 200


def test_of_characters_that_no_name_has(api, admin, alice):
    """NUL, which PostgreSQL keeps in no text."""
    answer = api(alice).post("/api/v1/chat", {"prompt": "Why?", "model": "a\x00"})
    assert answer.json()["errors"][0]["field"] == "model"
    messages = [{"role": "user", "content": "Why?"}]
    asked = api(alice).post("/v1/chat/completions", {"model": "a\x00", "messages": messages})
    assert (asked.status_code, asked.json()["error"]["param"]) == (400, "model")
    assert api(admin).get("/api/v1/groups?search=%00").json()["total"] == 0
