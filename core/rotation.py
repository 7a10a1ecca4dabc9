"""Changing the keys that secrets are sealed with, while everything is running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from core import sealing
from core.sealing import NoKey, SealedField

__all__ = ["Left", "NoKey", "left", "look_inside", "rotate"]


@dataclass(frozen=True, slots=True)
class Left:
    """A secret that still needs another key than the first; ``key`` is that key's name."""

    what: str
    key: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A column that holds sealed values, or one entry of a column of JSON objects."""

    rows: QuerySet[Model]
    field: str
    entry: str = ""

    @property
    def lookup(self) -> str:
        return f"{self.field}__{self.entry}" if self.entry else self.field

    def old(self) -> Q:
        """What the first key did not seal."""
        return ~Q(**{f"{self.lookup}__startswith": f"{sealing.known()[0]}:"})

    def value(self, row: Model) -> str:
        held = getattr(row, self.field)
        return str(held[self.entry] if self.entry else held)

    def put(self, row: Model, value: str) -> None:
        held = {**getattr(row, self.field), self.entry: value} if self.entry else value
        setattr(row, self.field, held)
        row.save(update_fields=[self.field])


_inside: set[tuple[str, str, str]] = set()


def look_inside(label: str, field: str, entry: str) -> None:
    """Rotate the values under ``entry`` of a JSON column of another package's model too."""
    _inside.add((label, field, entry))


def rotate(batch_size: int = 100) -> int:
    """Seal again what was sealed with an older key; answers how many. Raises ``NoKey``.

    Each batch is a transaction of its own: a killed run has kept what it did, and the next one
    goes on. What cannot be opened is left as it is.
    """
    if not sealing.known():
        raise NoKey
    return sum(_rotate(place, batch_size) for place in _places())


def left() -> list[Left]:
    """What still needs an older key, or one that is missing."""
    return [
        Left(f"{row._meta.verbose_name} {row}", name, name not in sealing.known())
        for place in _places()
        for row in place.rows.filter(place.old())
        for name in [sealing.sealed_with(place.value(row))]
    ]


def _places() -> Iterator[Place]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield Place(model._base_manager.exclude(**{field.name: ""}), field.name)
    for label, name, entry in sorted(_inside):
        rows = apps.get_model(label)._base_manager.filter(**{f"{name}__has_key": entry})
        yield Place(rows, name, entry)


def _rotate(place: Place, batch_size: int) -> int:
    done, last = 0, None
    while True:
        after = Q() if last is None else Q(pk__gt=last)
        with transaction.atomic():
            rows = place.rows.filter(place.old(), after).order_by("pk")
            found = list(rows.select_for_update()[:batch_size])
            done += sum(_reseal(place, row) for row in found)
        if not found:
            return done
        last = found[-1].pk


def _reseal(place: Place, row: Model) -> bool:
    try:
        place.put(row, sealing.reseal(place.value(row)))
    except sealing.CannotOpen:
        return False
    return True
