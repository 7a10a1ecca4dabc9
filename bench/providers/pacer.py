"""One timer for every stream: two hundred of them cost a few hundred wake-ups a second."""

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count

# Streams due within this time are served together; a token is late by no more.
TICK = 0.001

Due = Callable[[float], float | None]


class Pacer:
    """Calls ``due(now)`` at its time; it answers when it wants to be called next, or None."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Due]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when: float, due: Due) -> None:
        heapq.heappush(self._heap, (when, next(self._numbers), due))
        if self._timer is None or when < self._timer.when():
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(max(self._heap[0][0], loop.time() + TICK), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = time.monotonic()
        heap = self._heap
        while heap and heap[0][0] <= now:
            # Taken out first: what is due may put others in.
            _, number, due = heapq.heappop(heap)
            again = due(now)
            if again is not None:
                heapq.heappush(heap, (again, number, due))
        if heap:
            self._arm()
