"""Whether PostgreSQL's rules hold for the role Lontar connects as."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections


@register(Tags.database)
def role_is_subject_to_row_security(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """`manage.py check --database default`, and `migrate`, ask it."""
    if "default" not in (databases or []):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user"
        )
        name, is_super, bypasses = cursor.fetchone()
    if not (is_super or bypasses):
        return []
    what = "a superuser" if is_super else "a role with BYPASSRLS"
    text = (
        f"DATABASE_URL connects as {name}, {what}: PostgreSQL's row-level security does not hold "
        "for it, and only Lontar's own queries keep documents apart."
    )
    hint = "Give Lontar a plain role: create role lontar login nosuperuser nobypassrls."
    return [Warning(text, hint=hint, id="documents.W001")]
