"""One rule for every body under /api/v1: a field that is not taken is refused by its name.

The doors are read from the OpenAPI document, so a new one is asked, too.
"""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from config.reference import document
from core.testing import PASSWORD
from documents.models import Document
from tests.doors import NOWHERE
from tests.world import build

FIELD = "kolom_yang_tidak_ada"
# RFC 6749, section 3.2: the token endpoint ignores what it does not know.
IGNORES = {("post", "/api/v1/auth/token")}
JSON, MULTIPART = "application/json", "multipart/form-data"
# They read the database from threads of their own.
ASYNC = ("/api/v1/chat", "/messages", "/edit")


def bodies(media):
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            described = operation.get("requestBody", {}).get("content", {}).get(media)
            if described and path.startswith("/api/") and (method, path) not in IGNORES:
                yield method, path, described


def _shape(described):
    name = described["schema"].get("$ref", "").rpartition("/")[2]
    return document()["components"]["schemas"].get(name, described["schema"])


@pytest.mark.parametrize(
    ("method", "path", "described"),
    [
        pytest.param(
            *one,
            id=f"{one[0].upper()} {one[1]}",
            marks=pytest.mark.django_db(transaction=one[1].endswith(ASYNC)),
        )
        for one in bodies(JSON)
    ],
)
def test_an_unknown_field_is_refused_by_its_name(
    method, path, described, api, superadmin, fresh_limits
):
    world = build(superadmin)
    for name, value in world.ids.items():
        path = path.replace("{" + name.strip("<>").partition(":")[2] + "}", str(value))
    body = json.dumps({**described["example"], FIELD: NOWHERE})
    answer = api(superadmin).generic(method.upper(), path, body, content_type=JSON)
    assert answer.status_code == 422, answer.content
    assert FIELD in {row["field"] for row in answer.json()["errors"]}
    assert _shape(described)["additionalProperties"] is False


@pytest.mark.parametrize(("method", "path"), [one[:2] for one in bodies(MULTIPART)], ids=str)
def test_forms_hold_the_same_rule(method, path):
    shape = _shape(document()["paths"][path][method]["requestBody"]["content"][MULTIPART])
    assert shape["additionalProperties"] is False


def test_a_mistake_and_an_unknown_field_are_told_together(api):
    answer = api().post("/api/v1/auth/register", {"email": "nobody", FIELD: 1, "role": "admin"})
    named = {row["field"] for row in answer.json()["errors"]}
    assert named == {"email", "password", "full_name", "role", FIELD}


def test_my_role_is_not_mine_to_write(api, alice):
    answer = api(alice).patch(
        "/api/v1/auth/me", {"full_name": "Alicia", "role": "admin"}, content_type=JSON
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "role")
    alice.refresh_from_db()
    assert (alice.full_name, alice.role) == ("Alice", "student")


def test_the_oauth_form_takes_what_such_clients_send(api, alice):
    form = {"username": alice.email, "password": PASSWORD, "client_id": "x"}
    answer = api().post("/api/v1/auth/token", {**form, "scope": "openid"})
    assert answer.status_code == 200


def test_a_whole_prompt_may_come_back_but_not_be_switched_on_so(api, admin):
    client = api(admin)
    made = client.post("/api/v1/prompts", {"name": "Tutor", "content": "Help."}).json()
    path = f"/api/v1/prompts/{made['id']}"
    changed = client.put(path, {**made, "name": "Patient tutor"}, content_type=JSON)
    assert (changed.status_code, changed.json()["name"]) == (200, "Patient tutor")
    answer = client.patch(path, {"is_active": True}, content_type=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "is_active")


def test_a_form_with_an_unknown_field_stores_nothing(api, alice):
    form = {"file": SimpleUploadedFile("a.txt", b"x"), "collection": NOWHERE}
    answer = Client.post(api(alice), "/api/v1/files/upload", form)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "collection")
    assert not Document.objects.exists()
