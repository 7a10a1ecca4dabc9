"""What the first page of the admin shows: figures, a month in two charts, status, first steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from config.dashboard.figures import Day, Figures, figures
from config.dashboard.status import parts
from core.charts import Bar, dollars, grouped
from documents.models import Document


@dataclass(frozen=True, slots=True)
class Card:
    """One figure with what belongs to it in smaller letters, and where more is."""

    name: str
    shown: str
    beside: str
    address: str = ""


def context(request: HttpRequest) -> dict[str, Any]:
    assert isinstance(request.user, User)  # the admin let nobody else in
    found = figures(actor=request.user)
    return {
        "title": _("Dashboard"),
        "cards": list(_cards(found)),
        "parts": parts(),
        "actions": list(_actions(found)),
        "charts": [
            (_("Questions by day"), _bars(found.days, lambda day: day.questions)),
            (_("People by day"), _bars(found.days, lambda day: day.people)),
        ],
        "days": [(date_format(day.on), day) for day in reversed(found.days)],
    }


def _cards(found: Figures) -> Iterator[Card]:
    people, chats, files = found.people, found.chats, found.documents
    yield Card(
        _("People active today"),
        grouped(people.today),
        _("%(week)s in the last 7 days, of %(all)s")
        % {"week": grouped(people.week), "all": grouped(people.everybody)},
        reverse("admin:accounts_user_changelist") + "?o=-6",
    )
    yield Card(
        _("Chats begun today"),
        grouped(chats.today),
        _("%(week)s in the last 7 days, %(all)s in all")
        % {"week": grouped(chats.week), "all": grouped(chats.ever)},
        reverse("admin:chat_session_changelist"),
    )
    yield Card(
        _("Questions today"),
        grouped(found.today.questions),
        _("%s in the last 7 days") % grouped(found.questions_of_week),
    )
    yield Card(
        _("Documents ready"),
        grouped(files.ready),
        _("%(failed)s failed, %(reading)s being read, %(waiting)s waiting")
        % {
            "failed": grouped(files.failed),
            "reading": grouped(files.reading),
            "waiting": grouped(files.waiting),
        },
        reverse("admin:documents_document_changelist"),
    )
    yield Card(
        _("Cost today"), dollars(found.cost.today), _month(found), reverse("admin:llm_usage")
    )
    yield Card(_("Answers without material"), *_bare(found))


def _month(found: Figures) -> str:
    said = _("%s this month") % dollars(found.cost.month)
    if not found.cost.unpriced:
        return said
    return f"{said}; " + _("%s calls without a price") % grouped(found.cost.unpriced)


def _bare(found: Figures) -> tuple[str, str]:
    whole, bare = found.answers.whole, found.answers.bare
    share = f"{round(100 * bare / whole)} %" if whole else "–"
    numbers = {"bare": grouped(bare), "all": grouped(whole)}
    return share, _("%(bare)s of %(all)s in 30 days cite no passage") % numbers


def _bars(days: Sequence[Day], value: Callable[[Day], int]) -> list[Bar]:
    return [Bar(date_format(day.on), value(day), grouped(value(day))) for day in days]


def _actions(found: Figures) -> Iterator[tuple[str, str]]:
    """(words, address); what this installation has no page for is left out."""
    failed = f"?status__exact={Document.Status.FAILED}"
    steps = [
        (_("Bring material"), "library", ""),
        (_("Add a student"), "admin:accounts_user_add", ""),
        (_("Bring a class list"), "admin:accounts_group_changelist", ""),
        (_("Create an assistant"), "admin:chat_assistant_add", ""),
        (_("Set a provider's key"), "admin:llm_provider_changelist", ""),
    ]
    if found.documents.failed:
        steps.append((_("See failed documents"), "admin:documents_document_changelist", failed))
    for words, name, query in steps:
        try:
            yield words, reverse(name) + query
        except NoReverseMatch:
            continue
