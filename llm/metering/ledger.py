"""Writing down what a call took, and settling what was held for it."""

from __future__ import annotations

import functools
import itertools
import logging
import threading
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
from llm.metering.settling import settle
from llm.models import LanguageModel
from llm.prices import listed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A call that is over and the accounts that hold money for it."""

    call: ModelCall
    accounts: tuple[int, ...] = ()
    is_paid: bool = True


# What waits to be written: while others are, or because the database was away.
_unwritten: deque[Entry] = deque(maxlen=10_000)
_writing = threading.Lock()


def write(entry: Entry, base_url: str = "") -> None:
    """Store the call and settle it. Never raises: nobody waits for this.

    Calls that end while others are being written are written together, by whoever writes.
    ``base_url``: where an embedding model was asked. Its row has no price, so the price list is
    asked, and here, because it takes a while to load.
    """
    if base_url and entry.call.input_tokens:
        entry.call.cost = _listed_cost(entry.call, base_url)
    _unwritten.append(entry)
    # Looked at again after the lock is free: an entry may have come meanwhile.
    while _unwritten and _writing.acquire(blocking=False):
        try:
            if not _write_waiting():
                return
        finally:
            _writing.release()


def _write_waiting() -> bool:
    """False when the database is away; what is not written yet goes on waiting."""
    waiting = [_unwritten.popleft() for _ in range(len(_unwritten))]
    try:
        while waiting:
            _write_first(waiting)
    except (OperationalError, InterfaceError) as error:
        log.warning("model calls are kept in memory, the database is away: %s", error)
        _unwritten.extendleft(reversed(waiting))
        return False
    return True


def _write_first(waiting: list[Entry]) -> None:
    """Write those at the front that change no account in one statement, or else the first."""
    plain = list(itertools.takewhile(_is_plain, waiting))
    try:
        if len(plain) > 1:
            ModelCall.objects.bulk_create([one.call for one in plain])
            del waiting[: len(plain)]
            return
    except IntegrityError:
        log.info("one of %d model calls cannot be written with the others", len(plain))
    for _ in range(max(len(plain), 1)):
        _write_one(waiting[0])
        del waiting[0]


def _write_one(entry: Entry) -> None:
    try:
        _write(entry)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("the model call %s is lost", entry.call.pk)


def _is_plain(entry: Entry) -> bool:
    """Whether nothing is held for the call and no budget is to be charged."""
    if entry.accounts:
        return False
    costs = entry.call.cost or entry.call.input_tokens or entry.call.output_tokens
    return not (entry.is_paid and costs and budgets.any_active())


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
    if not accounts and _is_plain(entry):
        call.save(force_insert=True)
        return
    with transaction.atomic():
        call.save(force_insert=True)
        settle(call.pk, accounts, usd, tokens)
