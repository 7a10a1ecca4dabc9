"""How often people may do what costs something; set in the admin, from the environment until then.

Per person strict, per address generous: a whole class may sit behind one address.
"""

import logging
import time
from collections.abc import Iterator, Mapping

import redis
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Limit, User
from core import rates
from core.errors import TooMany
from core.rates import Rate

log = logging.getLogger(__name__)
# An admin's change reaches every process within this time.
KEPT_SECONDS = 5
# People behind one address.
CLASS = 40
_kept: dict[str, tuple[float, dict[str, Limit]]] = {}


def count(action: str, user: User, address: str) -> None:
    """Count one use. Raises TooMany. Without Redis nobody is held up: a limit is no lock."""
    limit = current()[action]
    uses = {}
    if limit.per_user:
        uses[f"{action}:user:{user.pk}"] = rates.parse(limit.per_user)
    if limit.per_address and address:
        uses[f"{action}:address:{address}"] = rates.parse(limit.per_address)
    try:
        wait = rates.take(uses)
    except redis.RedisError as error:
        log.warning("uses of %s are not counted: %s", action, type(error).__name__)
        return
    if wait:
        raise TooMany(wait, sentence(wait), code="too_many")


def sentence(seconds: int) -> str:
    if seconds < 90:
        how_long = ngettext("%d second", "%d seconds", seconds) % seconds
    else:
        minutes = -(-seconds // 60)
        how_long = ngettext("%d minute", "%d minutes", minutes) % minutes
    return _("That was more than is allowed in so short a time. Try again in %s.") % how_long


class LoginRates(Mapping[str, str]):
    """ACCOUNT_RATE_LIMITS as the login library reads them, whatever is set at that moment."""

    NAMES = ("login", "login_failed", "signup")

    def __getitem__(self, name: str) -> str:
        limits = current()
        if name == "signup":
            return _per_address(limits["signup"])
        if name in self.NAMES:
            texts = [_per_address(limits["login"])]
            # Wrong passwords for one account, whoever tries them.
            return ",".join([*filter(None, texts), *(["10/300s/key"] * (name == "login_failed"))])
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)


def _per_address(limit: Limit) -> str:
    rate = rates.parse(limit.per_address) if limit.per_address else None
    return f"{rate.count}/{rate.seconds}s/ip" if rate else ""


def default(action: str, text: str) -> Limit:
    """The limit of a setting: an address has forty times what is set for a person."""
    if action in ("login", "signup"):
        return Limit(action=action, per_address=text)
    rate = rates.parse(text)
    address = Rate(rate.count * CLASS, rate.seconds)
    return Limit(action=action, per_user=text, per_address=str(address))


def current() -> dict[str, Limit]:
    """{action: its limit}: the stored ones over those of the environment."""
    held = _kept.get("limits")
    if held is not None and time.monotonic() - held[0] < KEPT_SECONDS:
        return held[1]
    found = {action: default(action, text) for action, text in settings.LIMITS.items()}
    found |= {limit.action: limit for limit in Limit.objects.all()}
    _kept["limits"] = (time.monotonic(), found)
    return found


def forget_kept() -> None:
    _kept.clear()
