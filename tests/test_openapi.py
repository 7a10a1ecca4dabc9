"""The document of the API: whole, well-formed, and about the doors there are."""

import json
from collections import Counter

import pytest
import yaml
from django.urls import reverse
from drf_spectacular.validation import validate_schema
from pydantic import BaseModel

from config.reference import document
from core import contract
from tests.doors import DOORS, Who

PLAIN = ("/health", "/ready")
METHODS = {"get", "post", "put", "patch", "delete"}
OPERATIONS = [
    (method, path, operation)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
OPEN = {
    f"/{door.path}".replace("<uuid:", "{").replace("<int:", "{").replace(">", "}")
    for door in DOORS
    if door.who is Who.ANYONE
}
each = pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{m.upper()} {p}" for m, p, _ in OPERATIONS]
)


def test_it_is_openapi_3_1(client):
    answer = client.get("/api/schema")
    assert answer.headers["Content-Type"] == "application/json"
    whole = json.loads(answer.content)
    assert whole == document()
    assert whole["openapi"].startswith("3.1.")
    validate_schema(whole)
    assert yaml.safe_load(client.get("/api/schema?as=yaml").content) == whole


def test_every_reference_leads_somewhere():
    def references(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for inner in node.values():
                yield from references(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from references(inner)

    for reference in references(document()):
        node = document()
        for part in reference.removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]


def _door_line(door):
    inner = door.path.replace("<uuid:", "{").replace("<int:", "{").replace(">", "}")
    inner = inner.replace("<path:", "{")
    path = inner.removeprefix("api/v1/")
    return f"{door.method} {path if inner != path else f'/{path}'}"


def test_every_door_of_the_api_is_described():
    """Give a new door a row in its room's contract.py, with a summary and the shapes."""
    rows = {_door_line(door) for door in DOORS if door.is_api and "schema" not in door.path}
    rows = {line for line in rows if line.split()[1] not in ("/api/docs", "/api/redoc")}
    described = {line for line in contract.operations() if line.split()[1] not in PLAIN}
    missing, gone = sorted(rows - described), sorted(described - rows)
    assert not missing, f"no row in the room's contract.py says what these do: {missing}"
    assert not gone, f"contract.py describes doors that are not there: {gone}"


def test_what_is_open_is_said_to_be():
    for door in DOORS:
        row = contract.operations().get(_door_line(door))
        if row is None:
            continue
        # Logging out carries its own proof, and where there is none it is 401.
        expected = door.who is Who.ANYONE and "logout" not in door.path
        assert row.is_open == expected, door


@each
def test_every_operation_says_what_it_is(method, path, operation):
    assert operation["operationId"] and operation["summary"] and operation["tags"]
    assert operation.get("security") or path in OPEN
    assert operation["responses"]
    for status, response in operation["responses"].items():
        assert status != "default"
        if int(status) >= 400 and status != "416" and not path.startswith(("/health", "/ready")):
            assert response["$ref"].startswith("#/components/responses/")


@each
def test_bodies_have_an_example(method, path, operation):
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        assert "example" in content["application/json"], "give the Operation an `example`"


def test_ids_of_operations_are_unique():
    counted = Counter(operation["operationId"] for _m, _p, operation in OPERATIONS)
    assert [name for name, count in counted.items() if count > 1] == []


def test_no_two_shapes_share_a_name():
    """Of two pydantic models of one name the document would hold one, for both."""

    def below(model):
        for child in model.__subclasses__():
            yield child
            yield from below(child)

    rooms = ("accounts", "llm", "documents", "prompts", "rag", "chat", "config", "core")
    shapes = {
        f"{model.__module__}.{model.__name__}"
        for model in below(BaseModel)
        if model.__module__.partition(".")[0] in rooms
        and "tests" not in model.__module__.split(".")
    }
    names = Counter(name.rpartition(".")[2] for name in shapes)
    assert [name for name, count in names.items() if count > 1] == []


def test_limits_are_described():
    limited = {p for _m, p, o in OPERATIONS if "429" in o["responses"]}
    assert "/api/v1/chat/sessions/{session_id}/messages" in limited
    assert "/api/v1/auth/login" in limited
    too_many = document()["components"]["responses"]["TooMany"]
    assert too_many["headers"]["Retry-After"]["required"]


def test_the_pages_show_it(client):
    for name in ("api-docs", "api-redoc"):
        answer = client.get(reverse(name))
        assert answer.status_code == 200
        assert b'data-schema="/api/schema"' in answer.content
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy + ";"
        assert "blob:" in policy.partition("worker-src")[2].partition(";")[0]


def test_no_other_page_is_relaxed(db, client):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "blob:" not in policy.partition("worker-src")[2].partition(";")[0]
