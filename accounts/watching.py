"""That what is open closes when the right to it ends: sockets and answers that take long."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import DatabaseError

from accounts.resolve import Caller, still_valid
from accounts.services import doorbell
from core.announce import listening
from core.db import in_thread

log = logging.getLogger(__name__)
# The doorbell tells within moments; this is for a doorbell that was lost.
WATCH_SECONDS = 30


async def until_ended(user_id: UUID, look: Callable[[], Any]) -> None:
    """Return once `look` says that the right has ended: at the doorbell, at the latest by polling.

    `look` asks the database, in a thread of its own, and gives something true while the right
    holds.
    """
    # Subscribed before the first look, so that an end between opening and now is seen.
    async with listening(doorbell(user_id)) as wait:
        while await holds(look):
            await wait(WATCH_SECONDS)


async def until_shut_out(caller: Caller) -> None:
    """The same for who asked over HTTP."""
    await until_ended(caller.user.pk, lambda: still_valid(caller))


async def holds(look: Callable[[], Any]) -> bool:
    try:
        return bool(await in_thread(look))
    except DatabaseError as error:
        # Not knowing is no reason to log everybody out; what is asked for will fail anyway.
        log.warning("could not look whether somebody may stay: %s", error)
        return True
