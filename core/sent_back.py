"""What a GET gave may be sent back: where an id is taken, so is the row that was shown for it.

An answer names collections, groups and people, so that a program need not ask for each. Without
this it would have to take every list apart again before a PATCH.
"""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

UUID = {"type": "string", "format": "uuid"}
ADDRESS = {"type": "string", "format": "email", "minLength": 1}
WORD = {"type": "string", "minLength": 1, "maxLength": 254}


def _or_row(schema: dict[str, Any], key: str) -> dict[str, Any]:
    """`schema`, or an object that has it at `key`; the rest of the object is not looked at."""
    row = {"type": "object", "required": [key], "properties": {key: schema}}
    return {"anyOf": [schema, {**row, "description": "As it was read."}]}


class _OrRow:
    key = "id"

    def to_internal_value(self, data: Any) -> Any:
        given = data.get(self.key) if isinstance(data, Mapping) else data
        return super().to_internal_value(given)  # type: ignore[misc]


@extend_schema_field(_or_row(UUID, "id"))
class IdOrRow(_OrRow, serializers.UUIDField):
    """Of a collection or a group."""


@extend_schema_field(_or_row(WORD, "id"))
class PersonOrRow(_OrRow, serializers.CharField):
    """An address or an id of somebody."""


@extend_schema_field(_or_row(ADDRESS, "email"))
class AddressOrRow(_OrRow, serializers.EmailField):
    """Of somebody who need not have an account yet."""

    key = "email"
