"""How many tasks wait for a worker."""

from core.redis import key, sync_client

# The queues of launch/run.py. Celery keeps each priority in a list of its own.
QUEUES = ("default", "ingest")
PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")


def waiting() -> dict[str, int]:
    """{queue: tasks of all priorities}. Raises RedisError and OSError."""
    pipe = sync_client().pipeline(transaction=False)
    for queue in QUEUES:
        for priority in PRIORITIES:
            pipe.llen(key(f"celery:{queue}{priority}"))
    lengths = pipe.execute()
    step = len(PRIORITIES)
    return {queue: sum(lengths[n * step : (n + 1) * step]) for n, queue in enumerate(QUEUES)}
