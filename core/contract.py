"""What each door of the API takes and gives, one row for each, as the rooms write it down.

A room's rows stand in its `contract.py`: `OPERATIONS = {"GET files/{document_id}": Operation()}`.
The OpenAPI document is made of them (core/openapi); DRF serializers and pydantic models are the
shapes. What every door has in common (who is let in, pages of a list, errors) is added there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

PREFIX = "/api/v1/"


@dataclass(frozen=True)
class ListOf:
    """A page of a list: {total, <name>: [...], page, page_size}, by skip and limit.

    `more` is the shape of what stands beside these; `called`, the component's name.
    """

    name: str
    shape: Any
    more: Any = None
    called: str = ""


@dataclass(frozen=True)
class Binary:
    """A file, in one of these media types."""

    media: tuple[str, ...]
    meaning: str = "The file."


@dataclass(frozen=True)
class Events:
    """Server-sent events: the shape of `data:` by the name in `event:`."""

    shapes: Mapping[str, Any]
    meaning: str = ""


@dataclass(frozen=True)
class Parameter:
    """One of the query, as JSON Schema."""

    name: str
    schema: Mapping[str, Any]
    meaning: str = ""
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One method of one address.

    `ok` is the shape of the 200 (None: 204 without a body), or a dict {status: shape}; a shape may
    be a tuple, one for each media type. `errors` are statuses besides those that follow from the
    address: 401 and 403, 404 where it has an id, 422 where something is sent.
    """

    summary: str
    ok: Any = None
    body: Any = None
    query: Any = ()
    errors: tuple[int, ...] = ()
    # Open to everybody; nothing that identifies the caller is read.
    is_open: bool = False
    # Counts towards a limit of U6, and may answer 429.
    is_limited: bool = False
    # Takes the header Idempotency-Key.
    is_idempotent: bool = False
    # The body may be left away.
    is_body_optional: bool = False
    # A PATCH whose fields may each be left away.
    is_partial: bool = True
    note: str = ""
    headers: tuple[str, ...] = ()
    # Of the path, where the address says less than is to be known.
    parameters: tuple[Parameter, ...] = ()
    example: Any = None
    ok_example: Any = None

    @property
    def answers(self) -> dict[int, Any]:
        if isinstance(self.ok, dict):
            return self.ok
        return {204: None} if self.ok is None else {200: self.ok}


@cache
def operations() -> dict[str, Operation]:
    """Every room's rows by "METHOD path", the path as OpenAPI has it, below /api/v1/."""
    found: dict[str, Operation] = {}
    for app in apps.get_app_configs():
        if app.module is not None and module_has_submodule(app.module, "contract"):
            module = import_module(f"{app.name}.contract")
            found |= getattr(module, "OPERATIONS", {})
    return found


def operation(method: str, path: str) -> Operation | None:
    """The row of an address; those outside of /api/v1/ are listed with their first slash."""
    return operations().get(f"{method.upper()} {path.removeprefix(PREFIX)}")
