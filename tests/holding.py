"""Every answer of the API that any test gets is held against the OpenAPI document.

A status, a media type or a field that the document does not name fails the test that met it, in
whichever room. Loaded as a pytest plugin by the root conftest.
"""

import copy
import gettext
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import rest_framework
from django.test import AsyncClient, Client
from django.utils.functional import Promise

from config.reference import document
from core import sentences

HELD = ("/api/", "/v1/", "/health", "/ready")
# Answers to methods that an address does not have are the framework's, not an operation's.
UNDESCRIBED = {405}


# What pydantic says begins so; and more of REST framework's than its catalog holds.
PYDANTICS = [
    "(?:[Ii]nput|List|String|Dictionary|Value) should .+",
    "Field required",
    "Cannot parse .+",
]


class Untrue(AssertionError):
    """The document says something else than the server did."""


class NotOurs(AssertionError):
    """A library's own words reached whoever asked."""


@cache
def _theirs() -> re.Pattern[str]:
    """Sentences of the libraries below: none of them says what to do next."""
    folder = Path(rest_framework.__file__).parent / "locale" / "en" / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        known = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    ours = {str(one) for one in vars(sentences).values() if isinstance(one, Promise)}
    found = [one for one in known if isinstance(one, str) and one.strip() and one not in ours]
    places = [".+".join(map(re.escape, re.split(r"\{\w*(?::\w)?\}", one))) for one in found]
    return re.compile("|".join([*places, ".+ parse error - .+", *PYDANTICS]), re.S)


def _hold_words(where: str, answer: Any) -> None:
    for sentence in said(answer):
        if _theirs().fullmatch(sentence):
            raise NotOurs(f"{where}: {sentence[:300]}")


def said(answer: Any) -> list[str]:
    """Every sentence of a problem."""
    if answer.status_code < 400 or answer.streaming:
        return []
    try:
        body = json.loads(answer.content)
    except ValueError:
        return []
    rows = body.get("errors", []) if isinstance(body, dict) else []
    told = [body.get("detail", "")] if isinstance(body, dict) else []
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        told = [str(body["error"].get("message", "")).partition(": ")[2]]
    return [*told, *(row["message"] for row in rows)]


@cache
def closed() -> dict[str, Any]:
    """The document with no room for fields that it does not name."""
    whole = copy.deepcopy(document())
    for name, schema in whole["components"]["schemas"].items():
        if name != "Problem":  # RFC 9457, section 3.2: a problem may say more
            _close(schema)
    return whole


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for one in schema:
            _close(one)
    if not isinstance(schema, dict):
        return
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    for inner in schema.values():
        _close(inner)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    # Names before variables: files/quota is not a file.
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + r"\Z"), path) for path in paths]


def operation_of(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """(the address as the document has it, the operation); None for what is not in it."""
    for pattern, name in _patterns():
        if pattern.match(path):
            found = document()["paths"][name].get(method.lower())
            return (name, found) if found else None
    return None


def hold(method: str, path: str, answer: Any) -> None:
    """Raises Untrue when the document does not say that this could be the answer."""
    _hold_words(f"{method} {path} answered {answer.status_code}", answer)
    found = operation_of(method, path)
    if found is None or answer.status_code in UNDESCRIBED:
        return
    name, operation = found
    where = f"{method} {name} answered {answer.status_code}"
    described = operation["responses"].get(str(answer.status_code))
    if described is None:
        raise Untrue(
            f"{where}, which its row does not name: add the status to `errors` or `ok` of the "
            f"Operation in the room's contract.py. It said: {_text(answer)[:300]}"
        )
    described = _followed(described)
    media = answer.headers.get("Content-Type", "").partition(";")[0]
    content = described.get("content", {})
    if not content:
        if not answer.streaming and answer.content:
            raise Untrue(f"{where} with a body, and its row says that there is none.")
        return
    if media not in content:
        raise Untrue(f"{where} as {media}; its row says {', '.join(content)}.")
    for header, rule in described.get("headers", {}).items():
        if rule.get("required") and header not in answer.headers:
            raise Untrue(f"{where} without the header {header}.")
    if media.endswith("json") and not answer.streaming:
        schema = content[media]["schema"]
        errors = list(_validator(json.dumps(schema)).iter_errors(json.loads(answer.content)))
        lines = [f"{'.'.join(map(str, e.instance_path)) or 'body'}: {e.message}" for e in errors]
        if errors:
            told = "\n".join(line[:300] for line in lines[:5])
            raise Untrue(f"{where} with another shape than its row says:\n{told}")


@cache
def _validator(schema: str) -> Any:
    whole = {**json.loads(schema), "components": closed()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _followed(described: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in described:
        return described
    found: dict[str, Any] = document()["components"]["responses"][
        described["$ref"].rpartition("/")[2]
    ]
    return found


def _text(answer: Any) -> str:
    return "(a stream)" if answer.streaming else answer.content.decode(errors="replace")


@pytest.fixture(autouse=True, scope="session")
def _answers_are_as_described() -> Iterator[None]:
    asked, asked_async = Client.request, AsyncClient.request

    def request(self: Client, **given: Any) -> Any:
        answer = asked(self, **given)
        path = given.get("PATH_INFO", "")
        if path.startswith(HELD):
            hold(given.get("REQUEST_METHOD", "GET"), path, answer)
        return answer

    async def request_async(self: AsyncClient, **given: Any) -> Any:
        answer = await asked_async(self, **given)
        if given.get("path", "").startswith(HELD):
            hold(given.get("method", "GET"), given["path"], answer)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "request", request)
        patch.setattr(AsyncClient, "request", request_async)
        yield
