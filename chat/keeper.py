"""Keeps the running turns of a process alive in the database: all of them in one statement.

Once a second: leases renewed and texts kept. More often: a stop that was asked of another process
passed on, since a stopped answer is to cost nothing a second later.
"""

import asyncio
import logging
import uuid
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

from chat import generations
from core.db import in_thread

if TYPE_CHECKING:
    from chat.turn import Turn

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 1.0
LOOK_SECONDS = 0.4


class Keeper:
    """The turns of one event loop. ``add`` and ``remove`` are for the turn itself."""

    def __init__(self) -> None:
        self._turns: dict[uuid.UUID, tuple[Turn, asyncio.Task[object]]] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, turn: "Turn") -> None:
        """``turn`` is run by the calling task, which is cancelled when the turn is to stop."""
        task = asyncio.current_task()
        assert task is not None
        self._turns[turn.plan.generation_id] = turn, task
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def remove(self, turn: "Turn") -> None:
        self._turns.pop(turn.plan.generation_id, None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        kept = loop.time()
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, CHECKPOINT_SECONDS))
            if not self._turns:
                return
            try:
                if loop.time() - kept < CHECKPOINT_SECONDS:
                    await self._look()
                else:
                    kept = loop.time()
                    await self._keep()
            except Exception:  # the database is away: answers go on, the next second retries
                log.exception("running answers could not be kept")

    async def _look(self) -> None:
        self._end(await in_thread(generations.asked_to_stop, list(self._turns)))

    async def _keep(self) -> None:
        told = {pk: turn.unkept() for pk, (turn, _) in self._turns.items()}
        going_on = await in_thread(generations.checkpoint, told)
        # Asked to stop, or no longer ours to write.
        self._end([pk for pk in told if not going_on.get(pk)])

    def _end(self, ending: Iterable[uuid.UUID]) -> None:
        for pk in ending:
            if pk in self._turns:
                self._turns.pop(pk)[1].cancel()


_keepers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Keeper] = weakref.WeakKeyDictionary()


def keeper() -> Keeper:
    return _keepers.setdefault(asyncio.get_running_loop(), Keeper())
