"""What is said when a budget lets no call in."""

from __future__ import annotations

from django.utils import formats, timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from llm.errors import LLMError
from llm.metering.budgets import Spent
from llm.metering.models import Budget

# How long an answer takes, about.
BUSY_SECONDS = 30.0


def budget_error(spent: Spent) -> LLMError:
    """The error of code ``budget``; it may be tried again where other calls only hold the rest."""
    message = lazy(_busy if spent.busy else _used_up, str)
    renews = spent.budget.renews(timezone.localdate()) - timezone.now()
    after = BUSY_SECONDS if spent.busy else renews.total_seconds()
    return LLMError(message(spent.budget), "budget", retryable=spent.busy, retry_after=after)


def renewal(budget: Budget) -> str:
    """When the current period ends, in words and with the zone it is meant in."""
    when = budget.renews(timezone.localdate())
    return f"{formats.date_format(when, 'j F Y, H:i')} {timezone.get_current_timezone_name()}"


def _busy(budget: Budget) -> str:
    return _(
        "Other answers that are being written hold what is left of the budget. Try again in a "
        "minute."
    )


def _used_up(budget: Budget) -> str:
    whose = {
        Budget.Scope.USER: _("What you may spend on models is used up."),
        Budget.Scope.GROUP: _("What your group may spend on models is used up."),
        Budget.Scope.EVERYONE: _("What may be spent on models here is used up."),
    }
    then = _(
        "It renews on %(when)s. Until then choose a model that costs nothing, or ask an "
        "administrator."
    ) % {"when": renewal(budget)}
    return f"{whose[Budget.Scope(budget.scope)]} {then}"
