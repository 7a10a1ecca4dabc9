"""What was asked, by whom, and what it cost: sums over the last days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Forbidden
from llm.metering import budgets
from llm.metering.models import Budget, BudgetAccount, ModelCall

MOST_DAYS = 366
# What ended as wanted; a person who stops an answer is no failure of the model.
WELL = ("complete", "stopped", "refused")
# grouping -> (what tells the groups apart, what they are called)
GROUPINGS = {
    "day": ("day", "day"),
    "provider": ("provider", "provider"),
    "model": ("model_name", "model_name"),
    "user": ("user_id", "user__email"),
    "group": ("user__memberships__group_id", "user__memberships__group__name"),
}


class Asker(Protocol):
    @property
    def pk(self) -> Any: ...

    @property
    def is_admin(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Line:
    """Sums of a group of calls. ``unpriced``: calls with tokens but without a known price."""

    key: str
    name: str
    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    latency_ms: int | None = None
    first_token_ms: int | None = None

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands with a budget. What others spent of a shared one is not told."""

    budget: Budget
    spent_usd: Decimal | None
    spent_tokens: int | None
    is_spent: bool
    renews_at: datetime


_SUMS: dict[str, Any] = {
    "calls": Count("pk"),
    "failed": Count("pk", filter=~Q(outcome__in=WELL)),
    **{
        name: Sum(name)
        for name in ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cost")
    },
    "unpriced": Count("pk", filter=Q(cost=None)),
    "latency_ms": Avg("latency_ms", filter=Q(outcome="complete")),
    "first_token_ms": Avg("first_token_ms"),
}
# A sum may not be called like the column it is the sum of.
_RENAMED = {f"s_{name}": expression for name, expression in _SUMS.items()}


def usage(*, actor: Asker, days: int, group_by: str) -> list[Line]:
    """Everybody's calls of the last ``days`` days, today among them; for administrators.

    The costliest first, days in their order. A person in several groups counts in each of them.
    """
    if not actor.is_admin:
        raise Forbidden
    return _lines(_since(days), days, group_by)


def own_usage(*, actor: Asker, days: int) -> list[Line]:
    """One's own calls, day by day."""
    return _lines(_since(days).filter(user=actor.pk), days, "day")


def total(lines: Iterable[Line]) -> Line:
    """All lines in one, without the averages."""
    names = ("calls", "failed", "input_tokens", "output_tokens", "cached_tokens")
    names += ("reasoning_tokens", "cost", "unpriced")  # type: ignore[assignment]
    rows = list(lines)
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    return Line("", "", **{**sums, "cost": Decimal(sums["cost"])})


def own_budgets(*, actor: Asker) -> list[Standing]:
    """The budgets a person's calls count for."""
    applying = budgets.applying(actor.pk)
    accounts = {row.budget_id: row for row in _accounts_of(applying, actor.pk)}
    return [_standing(budget, accounts.get(budget.pk)) for budget in applying]


def first_day(days: int) -> date:
    return timezone.localdate() - timedelta(days=days - 1)


def spent_on(day: date) -> Decimal:
    """US dollars all calls of a day cost."""
    begins = timezone.make_aware(datetime.combine(day, time()))
    calls = ModelCall.objects.filter(
        created_at__gte=begins, created_at__lt=begins + timedelta(days=1)
    )
    return calls.aggregate(cost=Sum("cost"))["cost"] or Decimal(0)


def _since(days: int) -> QuerySet[ModelCall]:
    begins = timezone.make_aware(datetime.combine(first_day(days), time()))
    return ModelCall.objects.filter(created_at__gte=begins)


def _lines(calls: QuerySet[ModelCall], days: int, group_by: str) -> list[Line]:
    key, name = GROUPINGS[group_by]
    if group_by == "day":
        calls = calls.annotate(day=TruncDate("created_at"))
    rows = calls.order_by().values(_key=F(key), _name=F(name)).annotate(**_RENAMED)
    lines = [_line(dict(row), group_by) for row in rows]
    if group_by == "day":
        found = {line.key: line for line in lines}
        wanted = [str(first_day(days) + timedelta(days=number)) for number in range(days)]
        return [found.get(day) or Line(day, day) for day in wanted]
    return sorted(lines, key=lambda line: (-line.cost, -line.tokens, line.name))


def _line(row: dict[str, Any], group_by: str) -> Line:
    values: dict[str, Any] = {name: row[f"s_{name}"] or 0 for name in _SUMS}
    for name in ("latency_ms", "first_token_ms"):
        average = row[f"s_{name}"]
        values[name] = None if average is None else round(average)
    missing = {"user": _("nobody (or deleted)"), "group": _("in no group")}
    name = row["_name"] if row["_name"] is not None else missing.get(group_by, "")
    key = row["_key"]
    values["cost"] = Decimal(values["cost"])
    return Line("" if key is None else str(key), str(name), **values)


def _accounts_of(applying: list[Budget], user_id: UUID) -> Iterable[BudgetAccount]:
    today = timezone.localdate()
    starts = {budget.pk: budget.starts(today) for budget in applying}
    rows = BudgetAccount.objects.filter(budget__in=starts, starts__in=set(starts.values()))
    for row in rows.filter(Q(subject=None) | Q(subject=user_id)):
        if row.starts == starts[row.budget_id]:
            yield row


def _standing(budget: Budget, account: BudgetAccount | None) -> Standing:
    account = account or BudgetAccount()
    usd, tokens = budget.limit_usd, budget.limit_tokens
    own = budget.scope == Budget.Scope.USER
    return Standing(
        budget,
        spent_usd=account.spent_usd if own else None,
        spent_tokens=account.spent_tokens if own else None,
        is_spent=(usd is not None and account.spent_usd >= usd)
        or (tokens is not None and account.spent_tokens >= tokens),
        renews_at=budget.renews(timezone.localdate()),
    )
