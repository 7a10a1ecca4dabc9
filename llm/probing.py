"""Asking models that failed, and that nobody asks now, whether they are back.

A list of models would cost nothing, but says nothing either: it is answered by a provider whose
account is empty, too. So it is the shortest request there is, and only for models marked failing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from uuid import UUID

from llm import health
from llm.errors import LLMError
from llm.messages import Request, user
from llm.models import LanguageModel
from llm.queries import usable_models
from llm.services import Caller, chat_model

log = logging.getLogger(__name__)

# A model is probed when nothing was heard of it for so many seconds, and once in this time.
EVERY = 300
# The least that every provider takes.
QUESTION, MOST_TOKENS = "Hi", 16


def probe_failing() -> int:
    """How many models were asked. Their outcome is in ``llm.health`` afterwards."""
    models = list(usable_models())
    states = health.states(models)
    due = [
        model
        for model in models
        if states[model.pk].status == "failing" and time.time() - states[model.pk].at >= EVERY
    ]
    return asyncio.run(_probe_all(due, states)) if due else 0


async def _probe_all(models: list[LanguageModel], states: dict[UUID, health.State]) -> int:
    asked = await asyncio.gather(*(_probe(model, states[model.pk]) for model in models))
    return sum(asked)


async def _probe(model: LanguageModel, state: health.State) -> bool:
    if not await health.claim(model, "probe", EVERY):
        return False
    request = Request(model=model.name, messages=(user(QUESTION),), max_tokens=MOST_TOKENS)
    try:
        async with aclosing(chat_model(model, Caller()).stream(request)) as events:  # type: ignore[type-var]
            async for _event in events:
                pass
    except LLMError as error:
        log.info("%s still fails: %s", model, error.code)
        await health.failed(model, error.code)
    else:
        log.info("%s answers again", model)
        await health.well(model, state)
    return True
