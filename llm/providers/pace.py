"""How often a stream of small pieces is read.

The first pieces are read as they come, so that the first word is not late. After them what comes
between two ticks is read at once. All streams of a process tick together: one waking of the loop
and one write to the event log serve them all. The more streams there are, the further apart the
ticks, so that the process has time left for those that have not begun.
"""

from __future__ import annotations

import asyncio
import weakref

# Streams are smooth to the eye at this many seconds; the ticks of busier times are among the same.
TICK = 0.04
MOST = 4  # ticks that a reader waits at most
# What one reading costs all in all, in seconds, over the share of one core it may take.
SECONDS_A_STREAM = 0.004
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

    def rest(self) -> float:
        """Seconds from now until the next reading."""
        self._pieces += 1
        now = self._loop.time()
        if self._pieces <= FREE_PIECES:
            return 0.0
        seconds = interval(len(self._all))
        return (now // seconds + 1) * seconds - now


def interval(streams: int) -> float:
    return TICK * min(max(round(streams * SECONDS_A_STREAM / TICK), 1), MOST)
