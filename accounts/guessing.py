"""Guessing passwords and codes is slowed; the owner of the account gets in meanwhile.

Each attempt is counted in several places before the password is looked at, and after a few free
ones each place makes the next attempt wait twice as long. An attempt that has to wait is not looked
at and not counted, so that nobody lengthens the wait of others by knocking.

- the account at this address: whoever tries one account from one place;
- the account from places it was never logged in from: many places that try one account;
- the address: one place that tries many accounts. Generous, as a class may sit behind it.

The owner's own places are apart: an address the account was logged in from is not counted with the
strangers', and a browser that was logged in (a signed cookie says so, as OWASP's device cookies)
is counted by itself, even where somebody guesses at the same address. An account that does not
exist is counted and refused like one that does.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import redis
from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from accounts.limits import sentence
from accounts.models import normalise_email
from core.errors import TooMany, Unavailable
from core.redis import key, sync_client

COOKIE = "lontar_device"
SALT = "accounts.guessing.device"
COOKIE_LIFE = timedelta(days=365)
USUAL_LIFE = timedelta(days=180)
MOST_USUAL = 20


@dataclass(frozen=True)
class Pace:
    """`free` attempts, then a wait that doubles from `first` to `longest` seconds."""

    free: int
    first: int
    longest: int
    forgotten: int = 86_400  # seconds without an attempt, after which all is as at first


HERE = Pace(free=5, first=4, longest=900)
STRANGERS = Pace(free=20, first=4, longest=900)
ADDRESS = Pace(free=100, first=1, longest=60, forgotten=3600)
Places = Sequence[tuple[str, Pace]]

# KEYS: hashes {n: attempts, until: ms}. ARGV: (free, first ms, longest ms, seconds kept) for each.
# Gives 0 and counts, or the milliseconds to wait. The server's clock: those of processes differ.
BEGIN = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local wait = 0
for _, name in ipairs(KEYS) do
  local left = tonumber(redis.call('HGET', name, 'until') or 0) - now
  if left > wait then wait = left end
end
if wait > 0 then return wait end
for i, name in ipairs(KEYS) do
  local free, first, longest = tonumber(ARGV[4*i-3]), tonumber(ARGV[4*i-2]), tonumber(ARGV[4*i-1])
  local over = redis.call('HINCRBY', name, 'n', 1) - free
  if over > 0 then
    redis.call('HSET', name, 'until', now + math.min(longest, first * 2 ^ math.min(over - 1, 30)))
  end
  redis.call('EXPIRE', name, ARGV[4*i])
end
return 0
"""
# KEYS as above: this attempt was no guess.
RIGHT = """
for _, name in ipairs(KEYS) do
  if redis.call('HINCRBY', name, 'n', -1) <= 0 then redis.call('DEL', name)
  else redis.call('HDEL', name, 'until') end
end
"""


@dataclass(frozen=True)
class Attempt:
    account: str
    address: str
    places: Places

    def right(self) -> None:
        """It was the owner: nothing of it is held against anybody, and they are known here."""
        own, *shared = self.names
        usual = _usual(self.account)
        try:
            with sync_client().pipeline() as pipe:
                pipe.delete(own)
                if shared:
                    pipe.eval(RIGHT, len(shared), *shared)
                pipe.zadd(usual, {_hashed(self.address): time.time()})
                pipe.zremrangebyrank(usual, 0, -MOST_USUAL - 1)
                pipe.expire(usual, USUAL_LIFE)
                pipe.execute()
        except redis.RedisError as error:
            raise Unavailable from error

    @property
    def names(self) -> list[str]:
        return [key("guess", name) for name, _ in self.places]


def begin(request: HttpRequest, account: str, kind: str = "password") -> Attempt:
    """Count an attempt at an account, by its email address, from where the request comes.

    Raises TooMany while it has to wait, and Unavailable without Redis: not counting would open the
    door to guessing for as long as Redis is away.
    """
    address, account = get_ip(request), f"{kind}:{normalise_email(account)}"
    try:
        attempt = Attempt(account, address, _places(request, account, address))
        numbers = [
            part
            for _, pace in attempt.places
            for part in (pace.free, pace.first * 1000, pace.longest * 1000, pace.forgotten)
        ]
        names = attempt.names
        wait = cast(int, sync_client().eval(BEGIN, len(names), *names, *numbers))
    except redis.RedisError as error:
        raise Unavailable from error
    if wait:
        seconds = -(-int(wait) // 1000)
        raise TooMany(seconds, sentence(seconds), code="too_many_logins")
    return attempt


def forgive(request: HttpRequest, account: str) -> None:
    """Whoever asks from here is the owner, as another proof than the password has shown."""
    address, name = get_ip(request), f"password:{normalise_email(account)}"
    here = f"here:{_hashed(name)}:{_hashed(address)}"
    Attempt(name, address, [(here, HERE)]).right()


def know(request: HttpRequest, response: HttpResponseBase, account: str) -> None:
    """Mark the browser as one the account was logged in from."""
    response.set_cookie(
        COOKIE,
        signing.dumps(_hashed(normalise_email(account)), salt=SALT),
        max_age=COOKIE_LIFE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _places(request: HttpRequest, account: str, address: str) -> Places:
    who = _hashed(account)
    if (device := _device(request, account)) is not None:
        return [(f"device:{who}:{_hashed(device)}", HERE)]
    here = f"here:{who}:{_hashed(address)}"
    if sync_client().zscore(_usual(account), _hashed(address)) is not None:
        return [(here, HERE), (f"address:{_hashed(address)}", ADDRESS)]
    strangers = f"strangers:{who}"
    return [(here, HERE), (strangers, STRANGERS), (f"address:{_hashed(address)}", ADDRESS)]


def _device(request: HttpRequest, account: str) -> str | None:
    """The cookie, where it is one of ours for this account."""
    raw = request.COOKIES.get(COOKIE, "")
    try:
        known = signing.loads(raw, salt=SALT, max_age=COOKIE_LIFE) if raw else None
    except signing.BadSignature:
        return None
    return raw if known == _hashed(account.partition(":")[2]) else None


def _usual(account: str) -> str:
    return key("usual", _hashed(account))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
