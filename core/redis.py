"""Redis clients. Every client states its time limits: redis-py's own defaults change by release."""

import asyncio
import functools
import weakref

import redis
import redis.asyncio
from django.conf import settings


def key(*parts: object) -> str:
    """A key under this installation's prefix: two installations may share one Redis."""
    return ":".join([settings.REDIS_PREFIX, *map(str, parts)])


@functools.cache
def sync_client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=30,
    )


_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = (
    weakref.WeakKeyDictionary()
)


def async_client() -> redis.asyncio.Redis:
    """One client for each event loop; blocking reads may last as long as they ask for."""
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL,
            decode_responses=True,
            socket_timeout=None,
            socket_connect_timeout=2,
            health_check_interval=30,
        )
        _clients[loop] = client
    return client
