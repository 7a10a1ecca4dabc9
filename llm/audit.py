"""Who changed what in the registry: the history that the admin shows, written for the API too.

Names of fields only, never what was in them: one of them is a key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils.translation import override

from llm.rules import Actor

__all__ = ["ADDITION", "CHANGE", "DELETION", "record"]


def record(actor: Actor, row: Model, flag: int, fields: Iterable[str] = ()) -> None:
    """``fields``: the names of what changed, for ``CHANGE``; without any nothing is written."""
    said: list[dict[str, dict[str, list[str]]]] = []
    if flag == ADDITION:
        said = [{"added": {}}]
    elif flag == CHANGE:
        names = _readable(row, fields)
        if not names:
            return
        said = [{"changed": {"fields": names}}]
    LogEntry.objects.create(
        user_id=actor.pk,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=flag,
        change_message=json.dumps(said) if said else "",
    )


def _readable(row: Model, fields: Iterable[str]) -> list[str]:
    labels = {field.name: field.verbose_name for field in row._meta.fields}
    with override(None):  # as the admin stores them: translated when they are read
        return [str(labels.get(name, name.replace("_", " "))) for name in fields]
