"""JSON has types of its own: what a field takes of it is what the document says.

REST framework reads JSON as it reads forms, where everything is text: 0 for false, 12345678 for a
name or "7" for a number would pass, and mean something else than whoever sent it thought.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from rest_framework import serializers

TAKEN: dict[type[serializers.Field], Callable[[Any], bool]] = {
    serializers.CharField: lambda data: isinstance(data, str),
    serializers.ChoiceField: lambda data: (
        isinstance(data, str | int) and not isinstance(data, bool)
    ),
    serializers.UUIDField: lambda data: isinstance(data, str) and len(data) == 36,
    serializers.BooleanField: lambda data: isinstance(data, bool),
    serializers.IntegerField: lambda data: isinstance(data, int) and not isinstance(data, bool),
}
CODE = {serializers.ChoiceField: "invalid_choice"}


def take_types_literally() -> None:
    """Once, when the product starts: for every serializer of every room."""
    _name_choices()
    for kind, fits in TAKEN.items():
        _guard(kind, fits, CODE.get(kind, "invalid"))


def _name_choices() -> None:
    """What is refused is told with what is taken."""
    choice = serializers.ChoiceField
    fail = choice.fail

    def fail_with_choices(self: Any, key: str, **given: Any) -> NoReturn:
        fail(self, key, choices=", ".join(str(one) for one in self.choices if one != ""), **given)

    choice.fail = fail_with_choices  # type: ignore[method-assign]


def _guard(kind: type[serializers.Field], fits: Callable[[Any], bool], code: str) -> None:
    read = kind.to_internal_value

    def to_internal_value(self: Any, data: Any) -> Any:
        if _came_as_json(self) and not fits(data):
            self.fail(code, input=data, value=data)
        return read(self, data)

    kind.to_internal_value = to_internal_value  # type: ignore[method-assign]


def _came_as_json(field: Any) -> bool:
    sent = getattr(field.root, "initial_data", None)
    return sent is not None and not hasattr(sent, "getlist")
