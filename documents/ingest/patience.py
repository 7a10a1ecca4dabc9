"""How long a child may keep us waiting."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Patience:
    """Calls `ended` from a thread of its own once `waiting` has taken so many seconds in all.

    What is done between two waits does not count: a slow embedder is not the reader's fault, and
    the reader stands still as soon as its pipe is full.
    """

    def __init__(self, seconds: float, ended: Callable[[], None]) -> None:
        self.left = seconds
        self._ended = ended
        self._since: float | None = None
        self._over = False
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="lontar-patience", daemon=True).start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        self._turn(time.monotonic())
        try:
            yield
        finally:
            self._turn(None)

    def close(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()

    def _turn(self, since: float | None) -> None:
        with self._changed:
            if self._since is not None:
                self.left -= time.monotonic() - self._since
            self._since = since
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._over:
                if self._since is None:
                    self._changed.wait()
                    continue
                left = self.left - (time.monotonic() - self._since)
                if left <= 0:
                    break
                self._changed.wait(left)
            if self._over:
                return
        self._ended()
