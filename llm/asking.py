"""Asking providers which models they have: many at once for the registry, one for a check."""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

import httpx2
from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from llm.base import Endpoint
from llm.providers import listing
from llm.providers.clients import NetworkRefused
from llm.providers.failures import by_status
from llm.providers.listing import Refused
from llm.registry import LISTINGS
from llm.seeds import Described

log = logging.getLogger(__name__)

# How long all providers together may take to list what they have; each answers within two seconds.
PATIENCE = 2.5

# code -> what an administrator is told. Nothing of what the provider wrote is in it.
TROUBLES: dict[str, str | Promise] = {
    "no_address": _("This provider has no address yet. Enter one, such as http://localhost:8000."),
    "no_key": _("This provider has no key yet. Enter one."),
    "unreadable_key": _(
        "The stored key cannot be read, because the key it was encrypted with is missing from "
        "FIELD_ENCRYPTION_KEYS. Enter the provider's key again."
    ),
    "unknown_host": _("There is no such host. Check the address, and whether this machine is on "
                      "the network."),
    "refused": _("Nothing answers at this address. Check the address and its port, and whether "
                 "the server is running."),
    "insecure": _("A secure connection could not be made. Check whether the address begins with "
                  "the right one of http:// and https://, and the server's certificate."),
    "slow": _("The provider did not answer in time. Try again later."),
    "auth": _("The provider was reached, but it refused the key. Enter the key again."),
    "spent": _("The provider was reached, but the account has nothing left to spend."),
    "not_found": _("A server was reached, but it has no list of models there. Check the path of "
                   "the address; many servers need /v1 at its end."),
    "redirected": _("The address leads on to another one, which is not followed. Enter the final "
                    "address."),
    "busy": _("The provider was reached, but it takes no more requests right now. Try again in a "
              "minute."),
    "failing": _("The provider was reached, but it has trouble of its own. Try again later."),
    "odd": _("A server was reached, but it does not answer like this kind of provider. Check the "
             "kind and the address."),
    "forbidden": _("Lontar may not reach this address from here."),
}  # fmt: skip
# What the errors of model calls mean here.
_MEANINGS = {
    "auth": "auth",
    "spent": "spent",
    "rate_limited": "busy",
    "unavailable": "failing",
    "timeout": "slow",
    "unknown_model": "not_found",
}
Asked = TypeVar("Asked")


class Trouble(Exception):
    """Asking a provider failed; ``code`` is a key of TROUBLES."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def sentence(self) -> str:
        return str(TROUBLES[self.code])


def ask(where: Endpoint) -> list[Described]:
    """What one provider lists. Raises ``Trouble``."""
    lists: Callable[[Endpoint], list[Described]] = import_string(LISTINGS[where.kind])
    return [model for model in _told(lists, where) if _is_sound(model)]


def _is_sound(model: Described) -> bool:
    """Whether the database can hold what a server says of a model."""
    numbers = (model.context_window, model.max_output_tokens)
    texts = (model.name, model.display_name)
    return (
        0 < len(model.name) <= 200
        and all(text.isprintable() for text in texts)
        and all(number is None or 0 < number < 2**31 for number in numbers)
    )


def accepts_key(where: Endpoint) -> bool:
    """For providers that list their models to everybody: False where that cannot be found out."""
    return _told(listing.accepts_key, where)


def _told(question: Callable[[Endpoint], Asked], where: Endpoint) -> Asked:
    try:
        return question(where)
    except Exception as error:
        raise Trouble(_code(error)) from error


def _code(error: Exception) -> str:
    """The code for whatever a listing raised."""
    if isinstance(error, Refused):
        return _meaning(error)
    if isinstance(error, httpx2.TimeoutException):
        return "slow"
    if isinstance(error, httpx2.LocalProtocolError | UnicodeEncodeError):
        return "auth"  # a key that cannot even be sent
    if isinstance(error, httpx2.TransportError):
        return _connection(error)
    if isinstance(error, NetworkRefused):
        return "forbidden"
    if not isinstance(error, ValueError | httpx2.HTTPError | httpx2.InvalidURL):
        log.error("a list of models could not be read", exc_info=error)
    return "odd"


def _meaning(error: Refused) -> str:
    status = error.response.status_code
    if status < 400:
        return "redirected"
    return _MEANINGS.get(by_status(status, error.said).code, "odd")


def _connection(error: BaseException) -> str:
    reasons: list[BaseException] = [error]
    while (reason := reasons[-1].__cause__ or reasons[-1].__context__) and len(reasons) < 10:
        reasons.append(reason)
    if any(isinstance(reason, socket.gaierror) for reason in reasons):
        return "unknown_host"
    if any(isinstance(reason, ssl.SSLError) for reason in reasons):
        return "insecure"
    return "refused"


def ask_all(endpoints: Mapping[UUID, Endpoint]) -> dict[UUID, list[Described]]:
    """What each provider lists. One that is slow, away or odd is missing from the answer."""
    if not settings.LLM_ALLOW_NETWORK:
        return {}
    answers: queue.Queue[tuple[UUID, list[Described] | None]] = queue.Queue()
    for name, where in endpoints.items():
        # Daemons: looking up a host's name knows no time limit, and a start must not wait for it.
        threading.Thread(target=_ask_one, args=(name, where, answers), daemon=True).start()
    found: dict[UUID, list[Described]] = {}
    deadline = time.monotonic() + PATIENCE
    for _unused in endpoints:
        try:
            name, listed = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        if listed is not None:
            found[name] = listed
    return found


def _ask_one(
    name: UUID, where: Endpoint, answers: queue.Queue[tuple[UUID, list[Described] | None]]
) -> None:
    try:
        answers.put((name, ask(where)))
    except Trouble as error:
        log.info("%s did not list its models: %s", where.kind, error.code)
        answers.put((name, None))
