"""How a row of core.contract becomes an operation of the OpenAPI document."""

import copy
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, force_instance
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny

from core import contract
from core.contract import Binary, Events, ListOf, Operation
from core.openai_errors import PREFIX as OPENAI
from core.openapi import errors
from core.serializers import RefusesUnknown

JSON = "application/json"
STREAM = "text/event-stream"
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "The same key and body, also at the same moment, has one effect and the same "
    "answer; another body under the key gets 422.",
    "example": "3f8a2c1e-question-1",
}
PAGING: list[dict[str, Any]] = [
    {
        "name": "skip",
        "in": "query",
        "description": "How many to leave out from the beginning.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 2**31, "default": 0},
    },
    {
        "name": "limit",
        "in": "query",
        "description": "How many at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    },
]
UNDESCRIBED = Operation("Not described yet", ok={200: {}})
_ARTICLES = {"a", "an", "the", "of"}


def operation_id(summary: str) -> str:
    """`List my files` → `list_files`: unique, as a test sees to."""
    plain = "".join(c if c.isalnum() else " " for c in summary.lower().replace("'", ""))
    return "_".join(word for word in plain.split() if word not in _ARTICLES)


class DoorSchema(AutoSchema):
    """Reads the rows of the rooms instead of guessing from views."""

    @property
    def row(self) -> Operation:
        return contract.operation(self.method, self.path) or UNDESCRIBED

    def is_excluded(self) -> bool:
        is_listed = contract.operation(self.method, self.path) is not None
        return not (is_listed or self.path.startswith(contract.PREFIX))

    def get_operation_id(self) -> str:
        return operation_id(self.row.summary)

    def get_summary(self) -> str:
        return self.row.summary

    def get_description(self) -> str:
        return self.row.note

    def get_tags(self) -> list[str]:
        if self.path.startswith(OPENAI):
            return ["openai"]
        if not self.path.startswith(contract.PREFIX):
            return ["operations"]
        return [self.path.removeprefix(contract.PREFIX).partition("/")[0]]

    def get_request_serializer(self) -> Any:
        return None

    def get_response_serializers(self) -> Any:
        return {}

    def get_auth(self) -> list[dict[str, list[str]]]:
        return security(self.is_open)

    @property
    def is_open(self) -> bool:
        asked = self.view.get_permissions()
        return self.row.is_open or any(isinstance(one, AllowAny) for one in asked)

    def get_override_parameters(self) -> list[Any]:
        given = self.row.query
        return [
            OpenApiParameter(
                one.name, dict(one.schema), required=one.required, description=one.meaning
            )
            if isinstance(one, contract.Parameter)
            else one
            for one in (given if isinstance(given, tuple) else (given,))
        ]

    def _get_parameters(self) -> list[Any]:
        return [_valued(one) for one in super()._get_parameters()] + common_parameters(self.row)

    def _get_filter_parameters(self) -> list[Any]:
        return []

    def _get_pagination_parameters(self) -> list[Any]:
        return []

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        row = self.row
        if row.body is None:
            return None
        by_media = row.body
        if not isinstance(by_media, dict):
            by_media = dict.fromkeys(self.map_parsers(), row.body)
        content: dict[str, Any] = {}
        for media, shape in by_media.items():
            content[media] = {"schema": self._sent(shape)}
            if row.example is not None and media == JSON:
                content[media]["example"] = row.example
        # A PATCH without a body changes nothing, unless its door asks for a field.
        is_optional = row.is_body_optional or self.method == "PATCH"
        return {"content": content, "required": not is_optional}

    def _sent(self, shape: Any) -> Any:
        if isinstance(shape, dict):
            return shape
        made = force_instance(shape)
        if self.method == "PATCH":
            made = copy.copy(made)
            made.partial = self.row.is_partial
        component = self.resolve_serializer(made, "request")
        if isinstance(made, RefusesUnknown):
            component.schema["additionalProperties"] = False
        return component.ref

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        answers = {
            str(status): self._answer(status, shape) for status, shape in self.row.answers.items()
        }
        has_body = self.row.body is not None
        found = refusals(self.row, self.path, has_body, is_open=self.is_open)
        if self.path.startswith(OPENAI):
            # Another protocol: 400 for what is 422 here, and any body is read as JSON.
            found = [status for status in found if status not in (415, 422)]
            return answers | {str(status): errors.openai_reference(status) for status in found}
        return answers | {str(status): errors.reference(status) for status in found}

    def _answer(self, status: int, shape: Any) -> dict[str, Any]:
        content: dict[str, Any] = {}
        meaning = "Nothing to say." if shape is None else "As described."
        for one in shape if isinstance(shape, tuple) else (shape,):
            if isinstance(one, Binary):
                content |= {media: {"schema": {"type": "string"}} for media in one.media}
                meaning = one.meaning
            elif isinstance(one, Events):
                content[STREAM] = self._events(one)
            elif one is not None:
                other = content.get(JSON, {}).get("schema")
                shown = self._shown(one)
                content[JSON] = {"schema": {"anyOf": [other, shown]} if other else shown}
                if self.row.ok_example is not None and status < 300:
                    content[JSON]["example"] = self.row.ok_example
        found: dict[str, Any] = {"description": meaning}
        if content:
            found["content"] = content
        if self.row.headers:
            found["headers"] = {name: {"schema": {"type": "string"}} for name in self.row.headers}
        return found

    def _events(self, events: Events) -> dict[str, Any]:
        shapes = {name: self._shown(shape) for name, shape in events.shapes.items()}
        lines = "\n".join(f"- `{name}`: {_named(shape)}" for name, shape in shapes.items())
        return {
            "schema": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "event": {"enum": list(shapes)},
                    "data": {"type": "string", "contentMediaType": JSON},
                },
                "description": f"{events.meaning}\n\nBy `event:`, what `data:` holds:\n{lines}",
                "x-events": shapes,
            }
        }

    def _shown(self, shape: Any) -> Any:
        if isinstance(shape, dict):
            return shape
        if isinstance(shape, ListOf):
            return self._page(shape)
        return self.resolve_serializer(force_instance(shape), "response").ref

    def _page(self, page: ListOf) -> Any:
        row = self._shown(page.shape)
        name = page.called or f"{_named(row)}{page.name.title()}"
        schema = page_schema(page.name, row)
        if page.more is not None:
            beside = self.resolve_serializer(force_instance(page.more), "response").schema
            schema["required"] += beside["required"]
            schema["properties"] |= beside["properties"]
        component = ResolvedComponent(
            name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema
        )
        self.registry.register_on_missing(component)
        return component.ref


def _named(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "an object")).rpartition("/")[2]


def _valued(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter["schema"]
    if parameter["in"] == "query" and not parameter.get("required"):
        # As if it were left away.
        parameter["allowEmptyValue"] = True
        if schema.get("minLength") == 1:
            del schema["minLength"]
    if parameter["in"] == "path" and schema.get("type") == "integer":
        schema |= {"minimum": 0, "maximum": 2**63 - 1}
    return parameter


def page_schema(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["total", name, "page", "page_size"],
        "properties": {
            "total": {"type": "integer", "minimum": 0, "description": "On all pages together."},
            name: {"type": "array", "items": row},
            "page": {"type": "integer", "minimum": 1},
            "page_size": {"type": "integer", "minimum": 1},
        },
    }


def security(is_open: bool) -> list[dict[str, list[str]]]:
    return [{}] if is_open else [{"session": []}, {"accessToken": []}, {"apiKey": []}]


def common_parameters(row: Operation) -> list[dict[str, Any]]:
    pages = any(isinstance(shape, ListOf) for shape in row.answers.values())
    return [*(PAGING if pages else ()), *([IDEMPOTENCY_KEY] if row.is_idempotent else ())]


def refusals(row: Operation, path: str, has_body: bool, *, is_open: bool) -> list[int]:
    """The statuses of errors an operation may answer with."""
    found = set(row.errors)
    if not is_open:
        # 403: an account that may not, a key that is too narrow, or no CSRF token.
        found |= {401, 403}
    if "{" in path:
        found.add(404)
    if has_body:
        found |= {400, 413, 415, 422}
    if row.query or common_parameters(row):
        found.add(422)
    if row.is_limited:
        found |= {429, 503}  # without Redis nobody can count
    return sorted(found)
