"""How each model has answered lately, remembered in Redis for all processes.

Whoever asks tells the outcome. A model that failed is *failing* until it answers again; one that
failed often in a short time has an open circuit: for half a minute nobody who has another model to
ask waits for it, then one request at a time tries it (half-open) until one succeeds.

Without Redis every model is taken to be well: then each failure costs its time, and no answer is
refused.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from core.redis import async_client, key, sync_client
from llm.models import LanguageModel

log = logging.getLogger(__name__)

Status = Literal["ok", "failing", "unknown"]

# The circuit opens after so many failures in a row within so many seconds ...
FAILURES, WINDOW = 3, 60
# ... and after so many seconds lets one request through, one in each such time.
OPEN_SECONDS = 30
# A model that answers is written down as well again only once in so many seconds.
FRESH = 30.0
KEEP_OK, KEEP_FAILING = 3600, 24 * 3600
# Redis may take so long; a student does not wait for it.
PATIENCE = 0.5
# What a model or its provider is to blame for. The others are the request's own fault.
BLAMED = frozenset(
    "auth rate_limited spent unavailable timeout malformed interrupted unknown_model".split()
)


@dataclass(frozen=True, slots=True)
class State:
    """``code`` of the last failure, ``at`` when something was last heard, ``opened`` when the
    circuit opened (0: it is closed). Times in seconds since the epoch."""

    status: Status = "unknown"
    code: str = ""
    at: float = 0.0
    opened: float = 0.0


# What was read last: (state, until when it is believed). Only of models that were well.
_read: dict[str, tuple[State, float]] = {}
BELIEVE_SECONDS = 1.0


def forget() -> None:
    _read.clear()


async def read(models: Iterable[LanguageModel]) -> dict[UUID, State]:
    """The state of each model, in one round trip; of those that were just well, in none."""
    wanted = list(models)
    now = time.monotonic()
    remembered = {model.pk: _read.get(_key(model), (State(), 0.0)) for model in wanted}
    if all(until > now for _, until in remembered.values()):
        return {pk: state for pk, (state, _) in remembered.items()}
    try:
        async with asyncio.timeout(PATIENCE):
            pipe = async_client().pipeline(transaction=False)
            for model in wanted:
                pipe.hgetall(_key(model))
            rows = await pipe.execute()
    except (RedisError, OSError) as error:  # a TimeoutError is an OSError
        log.warning("the health of models cannot be read: %s", error or type(error).__name__)
        rows = [{}] * len(wanted)
    found = {model.pk: _state(row) for model, row in zip(wanted, rows, strict=True)}
    for model in wanted:
        if found[model.pk].status == "ok":
            _read[_key(model)] = found[model.pk], now + BELIEVE_SECONDS
    return found


def states(models: Iterable[LanguageModel]) -> dict[UUID, State]:
    """The same for sync code."""
    wanted = list(models)
    try:
        pipe = sync_client().pipeline(transaction=False)
        for model in wanted:
            pipe.hgetall(_key(model))
        rows = pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("the health of models cannot be read: %s", error or type(error).__name__)
        rows = [{}] * len(wanted)
    return {model.pk: _state(row) for model, row in zip(wanted, rows, strict=True)}


async def may_ask(model: LanguageModel, state: State) -> bool:
    """False while the circuit is open. When it is half-open, True for one caller at a time."""
    if not state.opened:
        return True
    if time.time() - state.opened < OPEN_SECONDS:
        return False
    return await claim(model, "trial", OPEN_SECONDS)


async def claim(model: LanguageModel, what: str, seconds: int) -> bool:
    """Whether the caller is the one to do this with a model in this time."""
    try:
        async with asyncio.timeout(PATIENCE):
            taken = await async_client().set(_key(model, what), 1, nx=True, ex=seconds)
    except (RedisError, OSError):
        return True
    return bool(taken)


async def well(model: LanguageModel, state: State) -> None:
    """The model answered. ``state`` is what was read before, to write only what is news."""
    if state.status == "ok" and time.time() - state.at < FRESH:
        return
    pipe = async_client().pipeline()
    pipe.delete(_key(model), _key(model, "failures"), _key(model, "trial"))
    pipe.hset(_key(model), mapping={"status": "ok", "at": time.time()})
    pipe.expire(_key(model), KEEP_OK)
    await _written(pipe)


async def failed(model: LanguageModel, code: str) -> None:
    """The model failed. What the request itself is to blame for changes nothing."""
    if code not in BLAMED:
        return
    _read.pop(_key(model), None)
    # One silence has cost a student a minute already: the next one need not wait as long.
    weight = FAILURES if code == "timeout" else 1
    now = time.time()
    pipe = async_client().pipeline()
    pipe.hset(_key(model), mapping={"status": "failing", "code": code, "at": now})
    pipe.expire(_key(model), KEEP_FAILING)
    pipe.set(_key(model, "failures"), 0, nx=True, ex=WINDOW)
    pipe.incrby(_key(model, "failures"), weight)
    pipe.hget(_key(model), "opened")
    found = await _written(pipe)
    # A circuit that was half-open opens again with its first failure.
    if found and (found[3] >= FAILURES or found[4]):
        reopened = async_client().pipeline()
        reopened.hset(_key(model), "opened", str(now))
        await _written(reopened)


async def _written(pipe: Pipeline) -> list[Any]:
    """What Redis answered; nothing when it is away, which is not the asker's trouble."""
    try:
        async with asyncio.timeout(PATIENCE):
            found: list[Any] = await pipe.execute()
            return found
    except (RedisError, OSError) as error:
        log.warning("the health of a model cannot be kept: %s", error or type(error).__name__)
        return []


def _state(row: Mapping[str, str]) -> State:
    if not row:
        return State()
    return State(
        status="ok" if row.get("status") == "ok" else "failing",
        code=row.get("code", ""),
        at=float(row.get("at", 0)),
        opened=float(row.get("opened", 0)),
    )


def _key(model: LanguageModel, *more: str) -> str:
    return key("model-health", model.provider_id, model.name, *more)
