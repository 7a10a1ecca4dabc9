"""How often an administrator may have providers asked: what is asked is other people's."""

from __future__ import annotations

import logging
from typing import cast

import redis

from core.errors import TooMany
from core.redis import key, sync_client
from llm.rules import Actor

log = logging.getLogger(__name__)

QUESTIONS, SECONDS = 20, 60


def count_question(actor: Actor) -> None:
    """Raises TooMany past QUESTIONS in SECONDS. Without Redis nobody is held up."""
    name = key("llm", "questions", actor.pk)
    try:
        client = sync_client()
        with client.pipeline() as pipe:
            pipe.set(name, 0, ex=SECONDS, nx=True)
            pipe.incr(name)
            pipe.ttl(name)
            _, count, left = cast("tuple[object, int, int]", tuple(pipe.execute()))
    except redis.RedisError as error:
        log.warning("questions to providers are not counted: %s", type(error).__name__)
        return
    if count > QUESTIONS:
        raise TooMany(max(left, 1))
