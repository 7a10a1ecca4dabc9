"""What pages of the admin have in common: words where Django shows dashes and codes."""

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.csv_files import csv_response

CHOOSE = _("Choose…")


# A file is made in memory; whoever has more rows chooses some of them.
MOST_ROWS = 100_000


class Words:
    """Selects say what they are for while nothing is chosen: a screen reader reads dashes out."""

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("empty_label", _("None") if db_field.blank else CHOOSE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_choice_field(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        empty = [("", _("None") if db_field.blank else CHOOSE)]
        with_empty = db_field.blank or not db_field.has_default()
        choices = db_field.get_choices(include_blank=with_empty, blank_choice=empty)
        kwargs.setdefault("choices", choices)
        return super().formfield_for_choice_field(db_field, request, **kwargs)  # type: ignore[misc]


class Worded(Words, admin.ModelAdmin):  # type: ignore[type-arg]
    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        # PostgreSQL takes no NUL in a text: what an address with one names is not there.
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def get_action_choices(self, request: Any, default_choices: Any = ()) -> list[tuple[str, str]]:
        return super().get_action_choices(request, [("", str(_("Choose an action")))])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # What has no page here, such as the passages of a document, tells nobody anything.
        deleted, counts, refused, protected = super().get_deleted_objects(objs, request)
        shown = [model._meta for model in self.admin_site._registry]
        kinds = {capfirst(meta.verbose_name) for meta in shown}
        plurals = {meta.verbose_name_plural for meta in shown}
        known = {kind: count for kind, count in counts.items() if kind in plurals}
        return _of_kinds(kinds, deleted), known, refused, protected


def _of_kinds(kinds: Container[str], lines: Sequence[Any]) -> list[Any]:
    """Lines such as "Chat: Soil", each followed by the list of what goes along with it, if any."""
    kept: list[Any] = []
    is_kept = False
    for line in lines:
        if not isinstance(line, list):
            is_kept = str(line).partition(": ")[0] in kinds
            kept += [line] if is_kept else []
        elif below := _of_kinds(kinds, line):
            # What goes along with something that is left out stands in its place.
            kept += [below] if is_kept else below
            is_kept = False
    return kept


class WordedInline(Words, admin.TabularInline):  # type: ignore[type-arg]
    """The same for rows that belong to another."""


class CsvOut(admin.ModelAdmin):  # type: ignore[type-arg]
    """Takes what is selected along as a table: `export_csv` among the actions.

    `csv_columns`: the heading of each column, and where its cell comes from: a path such as
    ``collection.name``, or a function of the row.
    """

    csv_columns: ClassVar[Sequence[tuple[Any, str | Callable[[Any], Any]]]]

    @admin.action(description=_("Export as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if queryset.order_by()[MOST_ROWS:].exists():
            text = gettext("A file holds at most %d rows. Filter the list, then choose fewer.")
            self.message_user(request, text % MOST_ROWS, messages.WARNING)
            return None
        header = [capfirst(heading) for heading, _source in self.csv_columns]
        sources = [source for _heading, source in self.csv_columns]
        rows = ([_cell(row, source) for source in sources] for row in queryset.iterator(2000))
        name = f"{self.opts.model_name}-{timezone.localdate()}"
        return csv_response(name, header, rows)


def as_called(model: type[Model], *names: str) -> list[tuple[Any, str]]:
    """Columns of a model's own fields, under the names these have."""
    return [(model._meta.get_field(name).verbose_name, name) for name in names]  # type: ignore[union-attr]


def _cell(row: Any, source: str | Callable[[Any], Any]) -> Any:
    value = source(row) if callable(source) else row
    for name in [] if callable(source) else source.split("."):
        value = getattr(value, name, None)
        value = value() if callable(value) else value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value if value is None or isinstance(value, int | float | Decimal) else str(value)


class CodeFilter(admin.AllValuesFieldListFilter):
    """The codes that are there, each by its words; a subclass gives `words` and `title`."""

    words: ClassVar[Callable[[str], str]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In place of the field's own name.
        self.title = type(self).title

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        every, *coded = super().choices(changelist)
        yield every
        for choice in coded:
            yield {**choice, "display": type(self).words(str(choice["display"]))}


def first_sentence(text: str) -> str:
    """Enough to choose by; what to do about it is said beside the row."""
    return text.partition(". ")[0].rstrip(".")
