"""Ids of alice's in every place of a body or a query where the document says that an id may stand.

bob gets the same answer for what is hers as for what does not exist. The places are read from the
OpenAPI document: a new one fails until FIELDS says what its ids name.
"""

import json

import pytest

from config.reference import document
from core.ids import new_id
from tests.doors import DOORS, Who
from tests.test_openapi import _door_line
from tests.world import SECRET, build

# What the ids of a field name, as an attribute of tests.world.World; None: of nobody in particular
# (models are everybody's, groups and accounts are for admins to name).
FIELDS = {
    "assistant_id": "assistant",
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
    inner = [schema, *schema.get("anyOf", []), schema.get("items", {})]
    return any(one.get("format") == "uuid" for one in inner)


def places():
    """(method, path, where, field, the operation) of every id in a body or a query."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            for one in operation.get("parameters", []):
                if one["in"] == "query" and _is_id(one["schema"]):
                    yield method, path, "query", one["name"], operation
            content = operation.get("requestBody", {}).get("content", {})
            for media, described in content.items():
                name = described["schema"].get("$ref", "").rpartition("/")[2]
                shape = document()["components"]["schemas"].get(name, described["schema"])
                for field, schema in shape.get("properties", {}).items():
                    if _is_id(schema):
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
