"""Money is held back before a call and given back after it: parallel calls cannot overspend.

A call is let in while anything of the budget is left that no other call holds, and then holds the
most it can come to. So at the worst one call, the last one let in, goes past the limit. All its
accounts are changed by one statement that locks them in the order of their ids, so that two calls
never wait for each other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from llm.messages import Request, asks_to_see
from llm.metering.caller import Caller
from llm.metering.costs import cost, longest_output, most
from llm.metering.models import Budget, BudgetAccount
from llm.metering.settling import release_expired
from llm.models import LanguageModel, Provider
from llm.queries import usable_models

# Longer than any call may take.
HOLD = timedelta(minutes=15)
# Installations without budgets pay no query for them; a new budget counts after this long.
LOOK_AGAIN_SECONDS = 3.0


class Spent(Exception):
    """A budget lets no call in. ``busy``: not all is spent, the rest is held by other calls."""

    def __init__(self, budget: Budget, *, busy: bool) -> None:
        super().__init__(str(budget.pk))
        self.budget = budget
        self.busy = busy


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is to be asked, with what, and the accounts that hold money for it."""

    model: LanguageModel
    request: Request
    accounts: tuple[int, ...] = ()


# An expression of SQL: what ``any_active`` asks, for a statement that is sent anyway.
ANY_ACTIVE = "exists (select 1 from llm_budget where is_active)"
# (whether there are budgets, until when this is believed)
_known = (True, 0.0)


def any_active() -> bool:
    """Whether there are budgets at all; remembered for LOOK_AGAIN_SECONDS."""
    found, until = _known
    if time.monotonic() >= until:
        found = Budget.objects.filter(is_active=True).exists()
        seen(found)
    return found


def seen(active: bool) -> None:
    """Somebody has just looked."""
    global _known  # noqa: PLW0603  a memory of the process
    _known = active, time.monotonic() + LOOK_AGAIN_SECONDS


def known_none() -> bool:
    """Whether ``any_active`` would say no without a query."""
    found, until = _known
    return not found and time.monotonic() < until


def forget() -> None:
    """Look at the database again: budgets have changed in this process."""
    global _known  # noqa: PLW0603
    _known = True, 0.0


def admit(
    caller: Caller, model: LanguageModel, request: Request, call_id: UUID, *, patient: bool
) -> Admission:
    """Hold what the call can come to; raises ``Spent``.

    On a spent budget its cheaper model takes the place, held to every budget like any other.
    ``patient``: the caller rather waits than have another model while other calls hold the rest.
    """
    if not any_active():
        return Admission(model, request)
    budgets = applying(caller.user_id)
    tried = set()
    while True:
        tried.add(model.pk)
        fitted = _fitted(request, model)
        try:
            return Admission(model, fitted, _hold(budgets, caller, model, fitted, call_id))
        except Spent as spent:
            cheaper = spent.budget.cheaper_model_id
            instead = usable_models().filter(pk=cheaper).first() if cheaper else None
            if instead is not None and asks_to_see(request) and not instead.supports_vision:
                raise
            if instead is None or instead.pk in tried or (spent.busy and patient):
                raise
            model = instead


def applying(user_id: UUID | None) -> list[Budget]:
    """The budgets a person's calls count for; those of nobody count for everyone's.

    Each with the number of its current account as ``account_id``, None before the first call.
    """
    today = timezone.localdate()
    given = {"user": user_id, "day": today, "month": today.replace(day=1)}
    found = list(Budget.objects.raw(APPLYING, given))
    own = {budget.period for budget in found if budget.user_id}
    return [
        budget
        for budget in found
        if budget.scope != Budget.Scope.USER or budget.user_id or budget.period not in own
    ]


def require_left(user_id: UUID) -> None:
    """Raises ``Spent`` when one of a person's budgets is used up, without holding anything."""
    if not any_active():
        return
    found = applying(user_id)
    accounts = BudgetAccount.objects.in_bulk([b.account_id for b in found if b.account_id])
    for budget in found:
        account = accounts.get(budget.account_id or 0) or BudgetAccount()
        dollars = budget.limit_usd is not None and account.spent_usd >= budget.limit_usd
        tokens = budget.limit_tokens is not None and account.spent_tokens >= budget.limit_tokens
        if dollars or tokens:
            raise Spent(budget, busy=False)


# As expressions of the ORM, putting these together costs several times what running them does.
APPLYING = """
select b.*, a.id as account_id
from llm_budget b
left join llm_budgetaccount a on a.budget_id = b.id
  and a.starts = case b.period when 'day' then %(day)s::date else %(month)s::date end
  and a.subject is not distinct from case b.scope when 'user' then %(user)s::uuid end
where b.is_active and (
  b.scope = 'everyone'
  or b.scope = 'user' and b.user_id = %(user)s::uuid
  or b.scope = 'user' and b.user_id is null and %(user)s::uuid is not null
  or b.scope = 'group' and b.group_id in (
    select group_id from accounts_membership where user_id = %(user)s::uuid))
order by b.scope, b.period, b.id"""


def open_accounts(budgets: Sequence[Budget], user_id: UUID | None) -> dict[int, Budget]:
    """The accounts of the current periods, by id in ascending order; made where there is none."""
    found = {b.account_id: b for b in budgets if b.account_id is not None}
    missing = [budget for budget in budgets if budget.account_id is None]
    if missing:
        wanted = {_account_key(budget, user_id): budget for budget in missing}
        BudgetAccount.objects.bulk_create(
            [BudgetAccount(budget_id=b, subject=s, starts=d) for b, s, d in wanted],
            ignore_conflicts=True,
        )
        found |= _accounts(wanted)
    return dict(sorted(found.items()))


def _fitted(request: Request, model: LanguageModel) -> Request:
    """The request as this model can be sent it, with an end to what it may write."""
    tools = request.tools if model.supports_tools else ()
    longest = longest_output(model, request)
    return replace(request, model=model.name, tools=tools, max_tokens=longest)


def _hold(
    budgets: list[Budget], caller: Caller, model: LanguageModel, request: Request, call_id: UUID
) -> tuple[int, ...]:
    if model.provider.kind == Provider.Kind.BUILTIN:
        return ()  # nobody is paid for it
    usage = most(model, request)
    usd, tokens = cost(model, usage) or Decimal(0), usage.input_tokens + usage.output_tokens
    accounts = open_accounts(budgets, caller.user_id)
    try:
        _take(accounts, model, call_id, usd, tokens)
    except Spent:
        if not release_expired():
            raise
        _take(accounts, model, call_id, usd, tokens)
    return tuple(accounts)


# Locked in the order of their ids, so that two calls never wait for each other; looked at as they
# are once they are locked; and held all or none.
TAKE = """
with wanted as (
  select * from unnest(%(accounts)s::bigint[], %(limits_usd)s::numeric[], %(limits)s::bigint[])
    as wanted(id, usd, tokens)
), found as (
  select a.id,
    (w.usd is null or a.spent_usd < w.usd - a.reserved_usd)
      and (w.tokens is null or a.spent_tokens < w.tokens - a.reserved_tokens) as has_room,
    (w.usd is null or a.spent_usd < w.usd)
      and (w.tokens is null or a.spent_tokens < w.tokens) as has_any
  from llm_budgetaccount a join wanted w on w.id = a.id
  order by a.id for update of a
), agreed as (
  select bool_and(has_room) and count(*) = %(number)s as all_of_them from found
), held as (
  update llm_budgetaccount a
  set reserved_usd = a.reserved_usd + %(usd)s, reserved_tokens = a.reserved_tokens + %(tokens)s
  from found, agreed where agreed.all_of_them and a.id = found.id
), noted as (
  insert into llm_reservation (call_id, account_id, usd, tokens, expires_at)
  select %(call)s, found.id, %(usd)s, %(tokens)s, %(expires)s
  from found, agreed where agreed.all_of_them
)
select id, has_room, has_any from found order by id"""


def _take(
    accounts: dict[int, Budget], model: LanguageModel, call_id: UUID, usd: Decimal, tokens: int
) -> None:
    """Hold it in every account, in one statement; raises ``Spent`` for the first without room."""
    if not accounts:
        return
    limits = [_limits(budget, model, usd) for budget in accounts.values()]
    given: dict[str, Any] = {
        "accounts": list(accounts),
        "limits_usd": [limit for limit, _ in limits],
        "limits": [limit for _, limit in limits],
        "number": len(accounts),
        "usd": usd,
        "tokens": tokens,
        "call": call_id,
        "expires": timezone.now() + HOLD,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, given)
        rows = cursor.fetchall()
    for pk, has_room, has_any in rows:
        if not has_room:
            raise Spent(accounts[pk], busy=has_any)
    if len(rows) < len(accounts):
        # A budget was deleted meanwhile, and its account with it: the others hold nothing yet.
        _take({pk: accounts[pk] for pk, _, _ in rows}, model, call_id, usd, tokens)


def _limits(
    budget: Budget, model: LanguageModel, usd: Decimal
) -> tuple[Decimal | None, int | None]:
    """(dollars, tokens) below which there is room; None: no limit. What is free needs no money."""
    share = Decimal(1)
    if budget.cheaper_model_id == model.pk:
        if budget.cheaper_percent is None:
            return None, None
        share += Decimal(budget.cheaper_percent) / 100
    dollars = None if budget.limit_usd is None or usd <= 0 else budget.limit_usd * share
    tokens = None if budget.limit_tokens is None else int(budget.limit_tokens * share)
    return dollars, tokens


def _account_key(budget: Budget, user_id: UUID | None) -> tuple[UUID, UUID | None, date]:
    subject = user_id if budget.scope == Budget.Scope.USER else None
    return budget.pk, subject, budget.starts(timezone.localdate())


def _accounts(wanted: dict[tuple[UUID, UUID | None, date], Budget]) -> dict[int, Budget]:
    rows = BudgetAccount.objects.filter(
        budget__in=[key[0] for key in wanted], starts__in={key[2] for key in wanted}
    ).filter(Q(subject=None) | Q(subject__in={key[1] for key in wanted if key[1]}))
    return {
        row.pk: wanted[row.budget_id, row.subject, row.starts]
        for row in rows.order_by("pk")
        if (row.budget_id, row.subject, row.starts) in wanted
    }
