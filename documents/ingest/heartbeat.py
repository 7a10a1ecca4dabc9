"""A thread that says "still at work" while a long step leaves no time for it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

log = logging.getLogger(__name__)


@contextmanager
def heartbeat(
    renew: Callable[[], object], lost: threading.Event, seconds: float, what: object
) -> Iterator[None]:
    """Call ``renew`` every so many seconds for as long as the block runs.

    Once it gives a false value the lease is somebody else's: ``lost`` is set and nothing follows. A
    database that is away for a moment is tried again. ``what`` names the row in the log.
    """
    done = threading.Event()
    beat = threading.Thread(target=_beat, args=(renew, lost, done, seconds, what), daemon=True)
    beat.start()
    try:
        yield
    finally:
        done.set()
        beat.join(timeout=seconds)


def _beat(
    renew: Callable[[], object],
    lost: threading.Event,
    done: threading.Event,
    seconds: float,
    what: object,
) -> None:
    while not done.wait(seconds):
        try:
            if not renew():
                lost.set()
                return
        except DatabaseError as error:
            log.warning("lease of %s not renewed: %s", what, error)
        finally:
            connection.close()
