"""Changing the keys that secrets are sealed with, while everything is running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from llm import keys
from llm.keys import NoKey, SealedField

__all__ = ["Left", "NoKey", "left", "rotate"]


@dataclass(frozen=True, slots=True)
class Left:
    """A secret that still needs another key than the first; ``key`` is that key's name."""

    what: str
    key: str
    is_missing: bool


def rotate(batch_size: int = 100) -> int:
    """Seal again what was sealed with an older key; answers how many. Raises ``NoKey``.

    Each batch is a transaction of its own: a killed run has kept what it did, and the next one
    goes on. What cannot be opened is left as it is.
    """
    if not keys.known():
        raise NoKey
    return sum(_rotate(rows, field, batch_size) for rows, field in _sealed())


def left() -> list[Left]:
    """What still needs an older key, or one that is missing."""
    return [
        Left(
            f"{row._meta.verbose_name} {row}",
            keys.sealed_with(getattr(row, field)),
            keys.sealed_with(getattr(row, field)) not in keys.known(),
        )
        for rows, field in _sealed()
        for row in rows.filter(_old(field))
    ]


def _sealed() -> Iterator[tuple[QuerySet[Model], str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield model._base_manager.exclude(**{field.name: ""}), field.name


def _old(field: str) -> Q:
    return ~Q(**{f"{field}__startswith": f"{keys.known()[0]}:"})


def _rotate(rows: QuerySet[Model], field: str, batch_size: int) -> int:
    done, last = 0, None
    while True:
        after = Q() if last is None else Q(pk__gt=last)
        with transaction.atomic():
            batch = rows.filter(_old(field), after).order_by("pk").select_for_update()[:batch_size]
            found = list(batch)
            done += sum(_reseal(row, field) for row in found)
        if not found:
            return done
        last = found[-1].pk


def _reseal(row: Model, field: str) -> bool:
    try:
        setattr(row, field, keys.reseal(getattr(row, field)))
    except keys.CannotOpen:
        return False
    row.save(update_fields=[field])
    return True
