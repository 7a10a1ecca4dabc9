"""How the registry and its models stand, for who has no time to ask before the first word.

What this process saw last, the expressions of SQL by which a statement that is sent anyway learns
whether that still holds, and what may be looked up meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from llm import health
from llm.metering import budgets
from llm.metering.budgets import ANY_ACTIVE
from llm.models import LanguageModel
from llm.queries import usable_models

__all__ = [
    "ANY_ACTIVE",
    "STAMP",
    "Usable",
    "forget_usable",
    "look_up_health",
    "remembered",
    "saw_budgets",
    "usable_before",
]
# Models whose health is looked up before it is known which of them is asked.
MOST_KNOWN = 8

# An expression of SQL: text that is another one after any row of the registry was written, added or
# deleted, by whatever way. xmin is the transaction that wrote a row.
STAMP = """(
  select coalesce(sum(hashtextextended(id::text || xmin::text, 0)), 0)::text from (
    select id, xmin from llm_provider union all select id, xmin from llm_languagemodel) registry)"""


class Usable(NamedTuple):
    """``usable_models`` with their providers, and STAMP as it was no later than they were read."""

    models: list[LanguageModel]
    stamp: str


_usable: Usable | None = None


def usable_before() -> Usable:
    """What was usable when this process last looked: whoever acts on it compares the stamp."""
    global _usable  # noqa: PLW0603  a memory of the process
    if _usable is None:
        with connection.cursor() as cursor:
            cursor.execute(f"select {STAMP}")
            stamp = cursor.fetchone()[0]
        _usable = Usable(list(usable_models()), stamp)
    return _usable


def remembered() -> list[LanguageModel]:
    """The models of `usable_before` without asking the database: none before the first look."""
    return _usable.models if _usable is not None else []


def forget_usable() -> None:
    """Look at the database again."""
    global _usable  # noqa: PLW0603
    _usable = None


async def look_up_health(models: Sequence[LanguageModel]) -> None:
    """So that a turn with one of the first of them finds it known."""
    await health.read(models[:MOST_KNOWN])


def saw_budgets(active: bool) -> None:
    """What ANY_ACTIVE was: the call that follows need not look."""
    budgets.seen(active)
