"""A sign of life from every worker, so that /health can tell whether anybody works.

Celery sends its heartbeat from the worker's own loop every two seconds; a worker that hangs or has
lost Redis stops sending it.
"""

import time
from typing import Any

from celery.signals import heartbeat_sent, worker_shutdown

from core import redis

KEPT = 3600  # seconds until a silent worker is forgotten


@heartbeat_sent.connect
def note_heartbeat(sender: Any, **_: Any) -> None:
    """One sorted set for all workers: name → time of its last sign of life."""
    now = time.time()
    pipe = redis.sync_client().pipeline(transaction=False)
    pipe.zadd(redis.key("workers"), {sender.eventer.hostname: now})
    pipe.zremrangebyscore(redis.key("workers"), "-inf", now - KEPT)
    pipe.execute()


@worker_shutdown.connect
def note_farewell(sender: Any, **_: Any) -> None:
    """A worker that stops in order is gone at once, not after half a minute of silence."""
    redis.sync_client().zrem(redis.key("workers"), sender.hostname)
