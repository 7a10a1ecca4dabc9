"""What calls held is given back, and what they cost is charged, in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

# The accounts are locked in the order of their ids, as in TAKE. A row that another settling has
# deleted meanwhile is not returned here, so what was held is given back once. Rows that somebody
# else is giving back at the moment are left to them.
GIVE_BACK = """
with gone as (
  delete from llm_reservation where id in (
    select id from llm_reservation where {which} for update skip locked)
  returning account_id, usd, tokens
), freed as (
  select account_id, sum(usd) as usd, sum(tokens) as tokens from gone group by account_id
), charged as (
  select unnest(%(accounts)s::bigint[]) as account_id
), wanted as (
  select a.id from llm_budgetaccount a
  where a.id in (select account_id from freed union select account_id from charged)
  order by a.id for update
), changed as (
  update llm_budgetaccount a
  set spent_usd = a.spent_usd + case when c.account_id is null then 0 else %(usd)s end,
    spent_tokens = a.spent_tokens + case when c.account_id is null then 0 else %(tokens)s end,
    reserved_usd = a.reserved_usd - coalesce(f.usd, 0),
    reserved_tokens = a.reserved_tokens - coalesce(f.tokens, 0)
  from wanted
  left join freed f on f.account_id = wanted.id
  left join charged c on c.account_id = wanted.id
  where a.id = wanted.id
)
select count(*) from gone"""
CHARGES_NOTHING: dict[str, Any] = {"accounts": [], "usd": Decimal(0), "tokens": 0}


def release_expired() -> int:
    """Give back what calls hold that were never settled: their process died."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK.format(which="expires_at < now()"), CHARGES_NOTHING)
        return int(cursor.fetchone()[0])


def release(call_id: UUID) -> None:
    """Give back what one call holds; it did not take place."""
    settle(call_id, (), Decimal(0), 0)


def settle(call_id: UUID, accounts: Iterable[int], usd: Decimal, tokens: int) -> None:
    """Give back what the call holds and charge the accounts."""
    given: dict[str, Any] = {
        "call": call_id,
        "accounts": list(accounts),
        "usd": usd,
        "tokens": tokens,
    }
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK.format(which="call_id = %(call)s"), given)
