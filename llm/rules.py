"""What the services of the registry have in common: who may, and how a wrong field is told."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.rights import Actor, require_admin

__all__ = ["Actor", "check", "fill", "invalid", "require_admin"]


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
        raise invalid(error.message_dict) from error


def fill(row: Model, fields: dict[str, Any], writable: frozenset[str]) -> list[str]:
    """Set the fields, and tell which of them changed. Raises TypeError for an unknown one."""
    unknown = fields.keys() - writable
    if unknown:
        raise TypeError(f"{type(row).__name__} has no field {', '.join(sorted(unknown))}.")
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    for name, value in fields.items():
        setattr(row, name, value)
    return changed
