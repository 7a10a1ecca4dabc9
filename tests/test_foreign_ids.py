"""Ids of alice's in every place of a body or a query where the document says that an id may stand.

bob gets the same answer for what is hers as for what does not exist. The places are read from the
OpenAPI document: a new one fails until FIELDS says what its ids name.
"""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from config.reference import document
from core.ids import new_id
from documents.models import Document
from tests.doors import DOORS, Who
from tests.test_openapi import _door_line
from tests.world import SECRET, build

# What the ids of a field name, as an attribute of tests.world.World; None: of nobody in particular
# (models are everybody's, groups and accounts are for admins to name).
FIELDS = {
    "assistant_id": "assistant",
    # A picture of the same chat: asked in chat/tests/test_pictures.py.
    "attachments.id": None,
    "collection_id": "collection",
    "collections": "collection",
    "documents": "document",
    "fallbacks": None,
    "groups": "group",
    "message_id": "message",
    "model_id": None,
    "prompt_id": "prompt",
    "reranker_id": None,
    "session_id": "session",
    "task_fallbacks": None,
    "users": None,
}
MEMBERS = {_door_line(door): door for door in DOORS if door.who is Who.MEMBERS}


def _is_id(schema):
    items = schema.get("items", {})
    inner = [schema, *schema.get("anyOf", []), items, *items.get("anyOf", [])]
    return any(one.get("format") == "uuid" for one in inner)


def _fields(schema, above="", seen=()):
    """(dotted name, schema) of every id in a body, however deep: in lists, objects, choices."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in seen:
        return
    inner = document()["components"]["schemas"][name] if name else schema
    seen = (*seen, name) if name else seen
    for field, one in inner.get("properties", {}).items():
        if _is_id(one):
            yield above + field, one
        else:
            yield from _fields(one, f"{above}{field}.", seen)
    for part in ("anyOf", "oneOf", "allOf"):
        for one in inner.get(part, []):
            yield from _fields(one, above, seen)
    for part in ("items", "additionalProperties"):
        if isinstance(inner.get(part), dict):
            yield from _fields(inner[part], above, seen)


def places():
    """(method, path, where, field, the operation) of every id in a body or a query."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            for one in operation.get("parameters", []):
                if one["in"] == "query" and _is_id(one["schema"]):
                    yield method, path, "query", one["name"], operation
            content = operation.get("requestBody", {}).get("content", {})
            for media, described in content.items():
                for field, _schema in _fields(described["schema"]):
                    yield method, path, media, field, operation


def test_every_field_of_ids_is_known():
    new = {field for _m, _p, _w, field, _o in places()} - set(FIELDS)
    assert not new, f"say in FIELDS what the ids in these fields name: {sorted(new)}"


ASKED = [
    pytest.param(*place, id=f"{place[0].upper()} {place[1]} {place[3]} ({place[2]})")
    for place in places()
    if FIELDS.get(place[3])
    and place[2] in ("query", "application/json")
    and f"{place[0].upper()} {place[1].removeprefix('/api/v1/')}" in MEMBERS
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "path", "where", "field", "operation"), ASKED)
def test_ids_of_others_are_ids_of_nothing(method, path, where, field, operation, api, alice, bob):
    """paperless-ngx GHSA-x395-6h48-wr8v, Wagtail CVE-2026-44201: a related row of others."""
    hers = str(getattr(build(alice), FIELDS[field]).pk)
    answers = []
    for one in (hers, str(new_id())):
        if where == "query":
            given = f"?{field}={one}" + ("&query=x" if "search" in path else "")
            answer = api(bob).generic(method.upper(), path + given)
        else:
            content = operation["requestBody"]["content"]["application/json"]
            schema = document()["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]
            is_list = schema["properties"][field].get("type") == "array"
            body = {**content["example"], field: [one] if is_list else one}
            if path.endswith("/chat"):
                continue  # a session of an id of one's choice is begun: asked in test_one_shot
            answer = api(bob).generic(
                method.upper(), path, json.dumps(body), content_type="application/json"
            )
        assert SECRET not in answer.content.decode()
        answers.append((answer.status_code, answer.content.replace(one.encode(), b"")))
    if answers:
        assert answers[0] == answers[1]
        # A list of what is not there is empty; nothing else succeeds.
        assert answers[0][0] in ((200, 404, 422) if method == "get" else (403, 404, 422))


# --- in things of one's own -------------------------------------------------------------------
OWN = {_door_line(door): door for door in DOORS if door.who in (Who.OWNER, Who.READERS)}
INSIDE = [
    pytest.param(*place[:4], id=f"{place[0].upper()} {place[1]} {place[3]} ({place[2]})")
    for place in places()
    if FIELDS.get(place[3])
    and place[2] in ("query", "application/json")
    and f"{place[0].upper()} {place[1].removeprefix('/api/v1/')}" in OWN
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "path", "where", "field"), INSIDE)
def test_ones_own_thing_takes_no_ids_of_others(method, path, where, field, api, alice, bob):
    """Open WebUI CVE-2026-54015, CVE-2026-59215, CVE-2026-54010: the id in the address was asked
    about, the one in the body was used."""
    hers, mine = build(alice), build(bob, number=1)
    door = OWN[f"{method.upper()} {path.removeprefix('/api/v1/')}"]
    address, answers = mine.fill(door.path), []
    for one in (str(getattr(hers, FIELDS[field]).pk), str(new_id())):
        asked = f"{address}?{field}={one}" if where == "query" else address
        body = {} if where == "query" else {field: one}
        answer = api(bob).generic(
            method.upper(), asked, json.dumps(body), content_type="application/json"
        )
        answers.append((answer.status_code, answer.content.replace(one.encode(), b"")))
    assert answers[0] == answers[1]
    assert answers[0][0] in ((200, 404, 422) if method == "get" else (403, 404, 422))


@pytest.fixture
def _no_worker(monkeypatch):
    monkeypatch.setattr("documents.tasks.enqueue", lambda document_id, **rest: None)


def test_every_form_with_files_is_known():
    """Those of admins aside, one takes an id: of the collection the file is put into."""
    forms = {(m, p, f) for m, p, w, f, _o in places() if w == "multipart/form-data"}
    ours = {one for one in forms if f"{one[0].upper()} {one[1][8:]}" in {**MEMBERS, **OWN}}
    assert ours == {("post", "/api/v1/files/upload", "collection_id")}


@pytest.mark.django_db
def test_a_file_is_put_into_no_collection_of_others(api, alice, bob, _no_worker):
    """Open WebUI CVE-2026-45402, CVE-2026-59217: a file attached to what one may not write."""
    hers, answers = build(alice), []
    before = Document.objects.count()
    for one in (str(hers.collection.pk), str(new_id())):
        form = {"file": SimpleUploadedFile("notes.txt", b"Palms."), "collection_id": one}
        answer = api(bob).post("/api/v1/files/upload", form, MULTIPART_CONTENT)
        answers.append((answer.status_code, answer.content.replace(one.encode(), b"")))
    assert answers[0] == answers[1] and answers[0][0] in (403, 404, 422)
    assert Document.objects.count() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["collections", "documents"])
def test_among_ones_own_in_a_list_an_id_of_others_is_one_of_nothing(field, api, alice, bob):
    """Open WebUI CVE-2026-28788, CVE-2026-45398: of a list, only the first was asked about."""
    hers = build(alice)
    own = api(bob).post("/api/v1/collections", {"name": "Mine"}).json()["id"]
    answers = []
    for one in (str(getattr(hers, FIELDS[field]).pk), str(new_id())):
        for order in ([own, one], [one, own]):
            asked = "".join(f"&{field}={each}" for each in order)
            answer = api(bob).post(f"/api/v1/rag/search?query=luciferin{asked}")
            assert SECRET not in answer.content.decode()
            answers.append(answer.status_code)
    assert len(set(answers)) == 1 and answers[0] in (200, 404, 422)


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["body", "query"])
def test_what_is_not_named_turns_no_check_off(api, alice, bob, where):
    """Open WebUI CVE-2026-44556, CVE-2026-44555, CVE-2026-45365: an inner argument could be set
    from outside."""
    hers = build(alice)
    extra = {"bypass_filter": "true", "internal": "1", "as_user": str(alice.pk), "is_admin": "1"}
    query = "?" + "&".join(f"{name}={value}" for name, value in extra.items())
    for path in (f"chat/sessions/{hers.session.pk}", f"files/{hers.document.pk}"):
        ask = api(bob).patch if where == "body" else api(bob).get
        given = ({"title": "x", **extra}, "application/json") if where == "body" else ()
        answer = ask(f"/api/v1/{path}{'' if where == 'body' else query}", *given)
        assert answer.status_code in (404, 422) and SECRET not in answer.content.decode()
    hers.session.refresh_from_db()
    assert SECRET in hers.session.title
