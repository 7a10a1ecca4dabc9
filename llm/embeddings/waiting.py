"""Embedding from code that is not async, over one event loop for the whole process.

A loop for each document would open a connection for each, and leave it open: clients belong to
their loop and are never closed before it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
# By process: a thread does not come along into a forked one.
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def begin(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start ``work`` and come back for its result, or what it raised, later."""
    return asyncio.run_coroutine_threadsafe(work, _loop())


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, or what it raised. Not to be called from an event loop."""
    return begin(work).result()


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        found = _loops.get(os.getpid())
        if found is None:
            found = _loops[os.getpid()] = asyncio.new_event_loop()
            name = "lontar-embedding-loop"
            threading.Thread(target=found.run_forever, name=name, daemon=True).start()
        return found
