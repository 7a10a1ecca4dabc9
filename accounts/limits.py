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
# What was read is believed so long; a change through the admin is noticed with the next count.
KEPT_SECONDS = 60
# People behind one address.
CLASS = 40
Limits = dict[str, Limit]
# (when it was read, the stamp before that, the limits)
_kept: tuple[float, str, Limits] | None = None


def count(action: str, user: User, address: str) -> None:
    """Count one use. Raises TooMany. Without Redis nobody is held up: a limit is no lock."""
    try:
        wait = rates.CHANGED
        for _attempt in range(3):
            stamp, limits = _known()
            wait = rates.take(_uses(limits[action], user, address), stamp)
            if wait != rates.CHANGED:
                break
            forget_kept()
    except redis.RedisError as error:
        log.warning("uses of %s are not counted: %s", action, type(error).__name__)
        return
    if wait > 0:
        raise TooMany(wait, sentence(wait), code="too_many")


def _uses(limit: Limit, user: User, address: str) -> dict[str, Rate]:
    uses = {}
    if limit.per_user:
        uses[f"{limit.action}:user:{user.pk}"] = rates.parse(limit.per_user)
    if limit.per_address and address:
        uses[f"{limit.action}:address:{address}"] = rates.parse(limit.per_address)
    return uses


def sentence(seconds: int) -> str:
    if seconds < 90:
        how_long = ngettext("%d second", "%d seconds", seconds) % seconds
    else:
        minutes = -(-seconds // 60)
        how_long = ngettext("%d minute", "%d minutes", minutes) % minutes
    return _("That was more than is allowed in so short a time. Try again in %s.") % how_long


class LoginRates(Mapping[str, str]):
    """ACCOUNT_RATE_LIMITS as the login library reads them, whatever is set at that moment."""

    NAMES = ("login", "login_failed", "signup", "reset_password")

    def __getitem__(self, name: str) -> str:
        limits = current()
        match name:
            case "login" | "login_failed":
                return _per_address(limits["login"])
            case "signup":
                return _per_address(limits["signup"])
            case "reset_password":
                # Letters a class may ask for; those to one person, whoever asks for them.
                return "60/m/ip,3/300s/key,10/86400s/key"
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


def current() -> Limits:
    """{action: its limit}: the stored ones over those of the environment."""
    try:
        if _kept is not None and rates.current_stamp() != _kept[1]:
            forget_kept()
        return _known()[1]
    except redis.RedisError:
        return _read()


def _known() -> tuple[str, Limits]:
    """(the stamp before they were read, the limits as this process knows them)."""
    global _kept  # noqa: PLW0603  a memory of the process
    if _kept is None or time.monotonic() - _kept[0] >= KEPT_SECONDS:
        # In this order: a change in between makes the next count look again.
        _kept = (time.monotonic(), rates.current_stamp(), _read())
    return _kept[1:]


def _read() -> Limits:
    found = {action: default(action, text) for action, text in settings.LIMITS.items()}
    return found | {limit.action: limit for limit in Limit.objects.all()}


def forget_kept() -> None:
    global _kept  # noqa: PLW0603
    _kept = None
