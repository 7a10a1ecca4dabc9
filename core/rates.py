"""How often something may be done: exact sliding windows in Redis.

All windows of one request are looked at and counted in one script, so that parallel requests never
slip past together, and a request that one window refuses counts in none.
"""

import logging
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import redis
from django.db import transaction

from core.redis import key, sync_client

STAMP = "rate-stamp"
log = logging.getLogger(__name__)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
WRITTEN = re.compile(r"(\d{1,8})/(\d{0,4})([smhd])")
CHANGED = -1
# KEYS: the stamp of the rates, then sorted sets of moments. ARGV: the stamp that is expected (* for
# any), a name for this use, then (count, milliseconds) for each set. -1 for another stamp.
# The server's own clock: those of several web processes may differ.
SCRIPT = """
if ARGV[1] ~= '*' and (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return -1 end
table.remove(KEYS, 1)
table.remove(ARGV, 1)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local wait = 0
for i, name in ipairs(KEYS) do
  local count, span = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  redis.call('ZREMRANGEBYSCORE', name, '-inf', now - span)
  if redis.call('ZCARD', name) >= count then
    local left = span
    if count > 0 then
      local oldest = redis.call('ZRANGE', name, -count, -count, 'WITHSCORES')
      left = oldest[2] + span - now
    end
    if left > wait then wait = left end
  end
end
if wait > 0 then return wait end
for i, name in ipairs(KEYS) do
  redis.call('ZADD', name, now, ARGV[1])
  redis.call('PEXPIRE', name, ARGV[2 * i + 1])
end
return 0
"""


@dataclass(frozen=True)
class Rate:
    """At most `count` in any `seconds`; a count of 0 forbids it altogether."""

    count: int
    seconds: int

    def __str__(self) -> str:
        unit, size = max(
            ((unit, size) for unit, size in UNITS.items() if self.seconds % size == 0),
            key=lambda row: row[1],
        )
        times = self.seconds // size
        return f"{self.count}/{'' if times == 1 else times}{unit}"


def parse(text: str) -> Rate:
    """30/m, 10/h, 5/300s. Raises ValueError."""
    match = WRITTEN.fullmatch(text.strip().lower())
    if match is None or match[2] == "0":
        raise ValueError(text)
    return Rate(int(match[1]), int(match[2] or 1) * UNITS[match[3]])


def take(uses: Mapping[str, Rate], stamp: str = "*") -> int:
    """Count one use under each name; 0 when all allow it, else seconds until they will.

    CHANGED, and nothing is counted, when the rates are not those of this stamp any more. Raises
    redis.RedisError.
    """
    names = [key("rate", name, rate.seconds) for name, rate in uses.items()]
    numbers = [part for rate in uses.values() for part in (rate.count, rate.seconds * 1000)]
    keys = [key(STAMP), *names]
    wait = int(
        cast(int, sync_client().eval(SCRIPT, len(keys), *keys, stamp, uuid.uuid4().hex, *numbers))
    )
    return CHANGED if wait < 0 else -(-wait // 1000)


def current_stamp() -> str:
    """Says which rates are set; "" when none were ever told of. Raises redis.RedisError."""
    return str(sync_client().get(key(STAMP)) or "")


def tell_changed() -> None:
    """Every process looks again at what rates are set, once the change can be seen."""
    transaction.on_commit(_new_stamp)


def _new_stamp() -> None:
    try:
        sync_client().set(key(STAMP), uuid.uuid4().hex)
    except redis.RedisError as error:
        log.warning("others do not learn at once of changed rates: %s", type(error).__name__)
