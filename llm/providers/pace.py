"""How often a stream of small pieces is read.

The first pieces are read as they come, so that the first word is not late. After them what comes
within an interval is read at once; the more streams there are, the longer the interval, so that
the process has time left for those that have not begun.
"""

from __future__ import annotations

import asyncio
import weakref

# Streams are smooth to the eye at the first of these; nobody waits for more than the second.
SHORTEST, LONGEST = 0.04, 0.15
# What one reading costs all in all, in seconds, over the share of one core it may take.
SECONDS_A_STREAM = 0.0015
FREE_PIECES = 3

_live: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.WeakSet[Pace]] = (
    weakref.WeakKeyDictionary()
)


class Pace:
    """The pace of one stream; it counts as live for as long as it is held."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._all = _live.setdefault(self._loop, weakref.WeakSet())
        self._all.add(self)
        self._pieces = 0
        self._read = 0.0

    def rest(self) -> float:
        """Seconds from now until the next reading."""
        self._pieces += 1
        now = self._loop.time()
        if self._pieces <= FREE_PIECES:
            self._read = now
            return 0.0
        due = max(self._read + interval(len(self._all)), now)
        self._read = due
        return due - now


def interval(streams: int) -> float:
    return min(max(streams * SECONDS_A_STREAM, SHORTEST), LONGEST)
