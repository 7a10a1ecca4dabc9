"""The doorbell: tells open pages that a row changed. It may drop; nothing is stored in it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


async def aring(group: str, payload: dict[str, Any]) -> None:
    """Send {type: "ring", payload} to a channel group; consumers answer in a method `ring`."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(group, {"type": "ring", "payload": payload})
    except (OSError, RedisError) as error:
        log.warning("doorbell to %s failed: %s", group, error)


def ring(group: str, payload: dict[str, Any]) -> None:
    async_to_sync(aring)(group, payload)


@asynccontextmanager
async def listening(group: str) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
    """Gives `wait(seconds)`, which returns when the group is rung or after so long.

    Without a doorbell it always takes so long: who listens looks again anyway.
    """
    layer: Any = get_channel_layer()
    try:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
    except (OSError, RedisError) as error:
        log.warning("no doorbell, polling instead: %s", error)
        yield asyncio.sleep
        return
    heard = asyncio.create_task(layer.receive(channel))

    async def wait(seconds: float) -> None:
        nonlocal heard
        await asyncio.wait({heard}, timeout=seconds)
        if heard.done():
            if (error := heard.exception()) is not None:
                log.warning("a doorbell failed: %s", error)
                await asyncio.sleep(seconds)
            heard = asyncio.create_task(layer.receive(channel))

    try:
        yield wait
    finally:
        # The layer frees a channel when a receive that has begun is cancelled, and only then.
        await asyncio.sleep(0)
        heard.cancel()
        with suppress(asyncio.CancelledError):
            await heard
        with suppress(OSError, RedisError):
            await layer.group_discard(group, channel)
