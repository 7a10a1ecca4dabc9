"""Sync database work called from async doors and from the turn."""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections
from django.utils import translation

P = ParamSpec("P")
T = TypeVar("T")

# Bounded and shared: asgiref's thread-sensitive mode would run all background turns one after
# another on a single thread, one thread a turn would be hundreds.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lontar-db")

_unfinished: set[Future[Any]] = set()


def submit(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Begin sync work in the shared pool now; it goes on when nobody waits for it.

    Its connection goes back to the pool afterwards. Sentences are in the language of who asks.
    """
    context = contextvars.copy_context()
    call = functools.partial(function, *args, **kwargs)
    future = _threads.submit(context.run, _closing, translation.get_language(), call)
    _unfinished.add(future)
    future.add_done_callback(_unfinished.discard)
    return future


def come_to_rest(seconds: float) -> None:
    """Wait so long for what was begun, whoever waits for it or not."""
    wait(list(_unfinished), seconds)


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run sync code in the shared pool and wait for what it returns."""
    return await asyncio.wrap_future(submit(function, *args, **kwargs))


def _closing(language: str | None, call: Callable[[], T]) -> T:
    close_old_connections()
    try:
        # The context came along, but asgiref 3.13 shows a thread nothing that another kept in it.
        with translation.override(language):
            return call()
    finally:
        close_old_connections()
