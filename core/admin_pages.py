"""What pages of the admin have in common: words where Django shows dashes and codes."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

CHOOSE = _("Choose…")


class Worded(admin.ModelAdmin):  # type: ignore[type-arg]
    """Selects say what they are for while nothing is chosen: a screen reader reads dashes out."""

    def get_action_choices(self, request: Any, default_choices: Any = ()) -> list[tuple[str, str]]:
        return super().get_action_choices(request, [("", str(_("Choose an action")))])

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("empty_label", _("None") if db_field.blank else CHOOSE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


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
