"""What the services of the registry have in common: who may, and how a wrong field is told."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from core.rights import Actor, require_admin

__all__ = ["Actor", "check", "fill", "invalid", "require_admin"]
TAKEN = gettext_lazy(
    "This is here already. Change the one there is, or give another name or address."
)


def invalid(errors: dict[str, list[str]]) -> Invalid:
    """The error for wrong fields: {field: sentences}."""
    rows = [{"field": name, "message": " ".join(found)} for name, found in errors.items()]
    detail = rows[0]["message"] if len(rows) == 1 else _("Some fields need another value.")
    return Invalid(detail, extra={"errors": rows})


def check(row: Model) -> None:
    """``full_clean`` with the error of this product."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise invalid(_told(error)) from error


def _told(error: ValidationError) -> dict[str, list[str]]:
    """Django tells of a row that is there already by the names of columns."""
    found: dict[str, list[str]] = {}
    for name, errors in error.error_dict.items():
        said = [[str(TAKEN)] if one.code == "unique_together" else one.messages for one in errors]
        known = "non_field_errors" if name == NON_FIELD_ERRORS else name
        found[known] = [sentence for several in said for sentence in several]
    return found


def fill(row: Model, fields: dict[str, Any], writable: frozenset[str]) -> list[str]:
    """Set the fields, and tell which of them changed. Raises TypeError for an unknown one."""
    unknown = fields.keys() - writable
    if unknown:
        raise TypeError(f"{type(row).__name__} has no field {', '.join(sorted(unknown))}.")
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    for name, value in fields.items():
        setattr(row, name, value)
    return changed
