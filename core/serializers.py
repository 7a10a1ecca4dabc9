"""What serializers of all rooms have in common."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.sentences import UNKNOWN

ONLY_READ = _("This field is only read here. Leave it out.")
LONGEST_NAME = 100


class RefusesUnknown:
    """Of every body under /api/v1: a field that it does not take is refused by its name.

    Silently dropping one hides a caller's mistake: who sends `is_active` wants something switched
    on. With `takes_back` in the context, for a PUT, what is only read may come back with the rest
    of what a GET gave, and is not looked at.
    """

    def to_internal_value(self: Any, data: Any) -> Any:
        errors = {} if not hasattr(data, "keys") else self._not_taken(data)
        try:
            value = super().to_internal_value(data)  # type: ignore[misc]
        except serializers.ValidationError as error:
            if errors and isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **errors}) from error
            raise
        if errors:
            raise serializers.ValidationError(errors)
        return value

    def _not_taken(self: Any, data: Any) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        for name in sorted(map(str, data)):
            if name not in self.fields:
                errors[name[:LONGEST_NAME]] = [UNKNOWN]
            elif self.fields[name].read_only and not self.context.get("takes_back"):
                errors[name] = [ONLY_READ]
        return errors


class StrictSerializer(RefusesUnknown, serializers.Serializer[Any]):
    """Of a body that is no row of ours."""
