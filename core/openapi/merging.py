"""The hooks that finish the document: ninja's operations join it, and what all share is added."""

from collections.abc import Iterator
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import contract
from core.ninja import api
from core.openapi import errors
from core.openapi.schema import JSON, DoorSchema, common_parameters, refusals

SECURITY_SCHEMES: dict[str, Any] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "lontar_session",
        "description": "A browser's session. Whatever changes something needs the header "
        "X-CSRFToken with the value of the cookie lontar_csrf.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access_token of auth/login or auth/token; good for 30 minutes.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "lontar_...",
        "description": "A personal API key, sent as a token is; it opens what its scopes name.",
    },
}


class StandSchema(DoorSchema):
    def _get_parameters(self) -> list[Any]:
        # Those below /api/v1 are as ninja has them, in join_ninja.
        return [
            {
                "name": one.name,
                "in": "path",
                "required": True,
                "description": one.meaning,
                "schema": dict(one.schema),
            }
            for one in self.row.parameters
        ]


class Stand(APIView):
    """Stands in for ninja's operations, so that their answers are described as DRF's are."""

    schema = StandSchema()

    def get(self, request: Request) -> Response:
        raise NotImplementedError

    post = put = patch = delete = get


def stand_in_for_ninja(endpoints: list[Any]) -> list[Any]:
    """Preprocessing: what drf-spectacular does not see."""
    view = Stand.as_view()
    plain = [line.split() for line in contract.operations() if line.split()[1].startswith("/")]
    others = [(method.upper(), path) for path, method, _described in ninja_operations()]
    return [*endpoints, *((path, path, method, view) for method, path in [*plain, *others])]


def join_ninja(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Parameters and bodies are as ninja describes them; everything else is there already."""
    for path, method, described in ninja_operations():
        operation, row = result["paths"][path][method], contract.operation(method, path)
        row = row or contract.Operation("")
        given = described.get("parameters", [])
        if given or common_parameters(row):
            operation["parameters"] = given + common_parameters(row)
        body = described.get("requestBody")
        if body:
            operation["requestBody"] = body
            if row.example is not None:
                body["content"][JSON]["example"] = row.example
        asked = [one for one in given if one["in"] == "query"]
        found = refusals(row, path, bool(body or row.body), is_open=row.is_open)
        found += [422] if asked and 422 not in found else []
        operation["responses"] |= {str(status): errors.reference(status) for status in found}
    schemas = result["components"].setdefault("schemas", {})
    for name, schema in _document()["components"].get("schemas", {}).items():
        schemas.setdefault(name, schema)
    return result


def ninja_operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in _document()["paths"].items():
        for method, described in methods.items():
            yield path, method, described


def _document() -> dict[str, Any]:
    return api.get_openapi_schema(path_prefix=contract.PREFIX)


def add_shared(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    _forget(result, "x-spec-enum-id")
    components = result["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    components.setdefault("schemas", {})["Problem"] = errors.PROBLEM_SCHEMA
    components["schemas"]["OpenAIError"] = errors.OPENAI_SCHEMA
    components["responses"] = errors.components()
    return result


def _forget(node: Any, name: str) -> None:
    """Take a key out, wherever it stands."""
    if isinstance(node, dict):
        node.pop(name, None)
    for inner in node.values() if isinstance(node, dict) else node:
        if isinstance(inner, dict | list):
            _forget(inner, name)
