"""The doorbell: tells open pages that a row changed. It may drop; nothing is stored in it."""

import logging
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
