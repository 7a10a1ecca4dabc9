"""How often something may be done: exact sliding windows in Redis.

All windows of one request are looked at and counted in one script, so that parallel requests never
slip past together, and a request that one window refuses counts in none.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from core.redis import key, sync_client

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
WRITTEN = re.compile(r"(\d{1,8})/(\d{0,4})([smhd])")
# KEYS: sorted sets of moments. ARGV: a name for this use, then (count, milliseconds) for each key.
# The server's own clock: those of several web processes may differ.
SCRIPT = """
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


def take(uses: Mapping[str, Rate]) -> int:
    """Count one use under each name; 0 when all allow it, else seconds until they will.

    Raises redis.RedisError.
    """
    if not uses:
        return 0
    names = [key("rate", name, rate.seconds) for name, rate in uses.items()]
    numbers = [part for rate in uses.values() for part in (rate.count, rate.seconds * 1000)]
    wait = cast(int, sync_client().eval(SCRIPT, len(names), *names, uuid.uuid4().hex, *numbers))
    return -(-int(wait) // 1000)
