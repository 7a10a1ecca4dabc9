"""Running turns: tasks of the event loop that outlive the connection that asked."""

import asyncio
import contextvars
import logging
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

from accounts import limits
from accounts.models import User
from chat import event_log, generations, protocol, queries
from chat.doorbell import session_group
from chat.event_log import Frame
from chat.models import Generation
from chat.plans import Plan, plan
from chat.turn import Turn
from core.announce import aring
from core.db import in_thread
from llm.standing import look_up_health, remembered

log = logging.getLogger(__name__)

_tasks: dict[uuid.UUID, "asyncio.Task[None]"] = {}
# The loop itself holds tasks only weakly.
_beside: set["asyncio.Future[Any]"] = set()
POLL_SECONDS = 1.0


Post = Callable[[], tuple[Generation, bool]]


async def begin(user: User, language: str, post: Post, address: str | None = None) -> Generation:
    """Run `post`, which saves the question, and begin to answer; returns at once.

    With the `address` it is asked from it counts as a question of this person and raises TooMany.

    `post` gives the generation and whether it is a new one: that of a repeated request is left to
    the turn that runs already. Saving and planning are one visit to the database: what stands
    before the first word is what students wait for. Open pages of the session are told afterwards.
    """

    def prepare() -> tuple[Generation, Plan | None]:
        if address is not None:
            limits.count("chat", user, address)
        generation, new = post()
        return generation, plan(generation, user, language) if new else None

    # Who is well is asked while the question is saved: the turn finds it known.
    _hold(asyncio.ensure_future(look_up_health(remembered())))
    generation, ready = await in_thread(prepare)
    if ready is None:
        return generation
    start_planned(ready)
    event = {"event": "generation", "generation_id": str(generation.pk)}
    _hold(asyncio.ensure_future(aring(session_group(generation.session_id), event)))
    return generation


def _hold(future: "asyncio.Future[Any]") -> None:
    _beside.add(future)
    future.add_done_callback(_beside.discard)


async def start(generation: Generation, user: User, language: str) -> None:
    """Begin to answer a question that is saved already."""
    await begin(user, language, lambda: (generation, True))


def start_planned(ready: Plan) -> None:
    turn = Turn(ready, event_log.writer().open(ready.generation_id))
    # A fresh context: the request's own would keep its thread, its language and its log ids.
    task = asyncio.get_running_loop().create_task(turn.run(), context=contextvars.Context())
    _tasks[ready.generation_id] = task
    task.add_done_callback(lambda _: _tasks.pop(ready.generation_id, None))


def stop_local(generation_id: uuid.UUID) -> bool:
    """Stop a turn of this process; False when it is not running here."""
    task = _tasks.get(generation_id)
    if task is None:
        return False
    task.cancel()
    return True


async def follow(generation_id: uuid.UUID, after: int = 0) -> AsyncIterator[Frame]:
    """Every event with a number above `after`, then the live ones, up to the last.

    The caller has checked that the reader may see the generation.
    """
    local = event_log.local(generation_id)
    if local is not None:
        async for frame in local.follow(after):
            yield frame
        return
    last = after
    while True:
        frames = await event_log.read(generation_id, last, wait=POLL_SECONDS)
        for frame in frames:
            last = frame[0]
            yield frame
            if frame[2]:
                return
        if not frames and (end := await in_thread(_ended, generation_id, last)) is not None:
            yield end
            return


def _ended(generation_id: uuid.UUID, last: int) -> Frame | None:
    """For a log that has gone quiet: close it if its process died, or tell its saved end."""
    generation = Generation.objects.select_related("answer__model").filter(pk=generation_id).first()
    if generation is None:
        return last + 1, _frame(generation_id, last + 1, protocol.error("gone", "", False)), True
    if generation.status == Generation.Status.RUNNING:
        generations.close_if_abandoned(generation)
        return None
    # The log was cleared (an hour after the end, or Redis was emptied): the row has it all.
    seq = max(generation.last_seq, last + 1)
    saved = protocol.message_saved(generation.answer, list(generation.answer.citations.all()))
    return seq, _frame(generation_id, seq, saved), True


def _frame(generation_id: uuid.UUID, seq: int, event: protocol.Event) -> str:
    return event_log.encode(generation_id, seq, event)


async def readable(user: User, generation_id: uuid.UUID) -> Generation:
    return await in_thread(queries.generation, user, generation_id)
