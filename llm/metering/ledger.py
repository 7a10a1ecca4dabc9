"""Writing down what a call took, and settling what was held for it."""

from __future__ import annotations

import functools
import logging
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Model

from llm.metering import budgets
from llm.metering.costs import MILLION
from llm.metering.models import ModelCall
from llm.models import LanguageModel
from llm.prices import listed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A call that is over and the accounts that hold money for it."""

    call: ModelCall
    accounts: tuple[int, ...] = ()
    is_paid: bool = True


# What could not be written because the database was away; written with the next entry.
_unwritten: deque[Entry] = deque(maxlen=10_000)


def write(entry: Entry, base_url: str = "") -> None:
    """Store the call and settle it. Never raises: nobody waits for this.

    ``base_url``: where an embedding model was asked. Its row has no price, so the price list is
    asked, and here, because it takes a while to load.
    """
    if base_url and entry.call.input_tokens:
        entry.call.cost = _listed_cost(entry.call, base_url)
    waiting = [entry]
    while _unwritten:
        waiting.append(_unwritten.popleft())
    for number, one in enumerate(waiting):
        try:
            _write(one)
        except (OperationalError, InterfaceError) as error:
            log.warning("model calls are kept in memory, the database is away: %s", error)
            _unwritten.extend(waiting[number:])
            return
        except Exception:
            log.exception("the model call %s is lost", one.call.pk)


def _listed_cost(call: ModelCall, base_url: str) -> Decimal | None:
    try:
        price = _input_price(call.model_name, base_url)
    except Exception:
        log.exception("the price of %s cannot be looked up", call.model_name)
        return None
    return None if price is None else price * call.input_tokens / MILLION


@functools.lru_cache(maxsize=64)
def _input_price(name: str, base_url: str) -> Decimal | None:
    found = listed(name, base_url)
    return found.input_price if found else None


def _write(entry: Entry) -> None:
    try:
        _settle(entry)
    except IntegrityError:
        if ModelCall.objects.filter(pk=entry.call.pk).exists():
            return  # written before, only the answer of the database was lost
        # The person or the model was deleted while it answered.
        if not _exists(get_user_model(), entry.call.user_id):
            entry.call.user_id = None
        if not _exists(LanguageModel, entry.call.model_id):
            entry.call.model_id = None
        _settle(entry)


def _exists(model: type[Model], pk: UUID | None) -> bool:
    return pk is not None and model._default_manager.filter(pk=pk).exists()


def _settle(entry: Entry) -> None:
    """The row and what it changes in the accounts, in one transaction."""
    call, accounts = entry.call, entry.accounts
    usd, tokens = call.cost or Decimal(0), call.input_tokens + call.output_tokens
    if entry.is_paid and not accounts and (usd or tokens) and budgets.any_active():
        # Asked while the database was away, or embedded: nothing is held, and yet it was spent.
        accounts = tuple(budgets.open_accounts(budgets.applying(call.user_id), call.user_id))
    with transaction.atomic():
        call.save(force_insert=True)
        budgets.settle(call.pk, accounts, usd, tokens)
