"""Rows by the ids that people send."""

from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from core.errors import NotFound

Row = TypeVar("Row", bound=Model)


def row_of(rows: QuerySet[Row], row_id: Any) -> Row:
    """The one of this id among them; raises NotFound, also for what is no id at all."""
    try:
        found = rows.filter(pk=row_id).first()
    except ValidationError as error:
        raise NotFound from error
    if found is None:
        raise NotFound
    return found
