"""A model that says what a test wants, at the pace a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from accounts.models import User
from chat import runner, services
from chat.models import Generation, Session
from core.db import in_thread
from llm.events import Completed, Event, TextDelta
from llm.messages import Request
from llm.models import LanguageModel, Provider


class Script:
    """Plays events; an `asyncio.Event` among them is waited for, an exception raised."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps
        self.requests: list[Request] = []
        self.closed = 0

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        self.requests.append(request)
        steps = self.steps[0] if isinstance(self.steps[0], list) else self.steps
        if isinstance(self.steps[0], list):
            steps = self.steps[min(len(self.requests), len(self.steps)) - 1]
        try:
            for step in steps:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
                    await asyncio.sleep(0)
        finally:
            self.closed += 1


def words(text: str) -> Sequence[Event]:
    """A whole answer, word by word."""
    return [*(TextDelta(f"{word} ") for word in text.split()), Completed()]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Script]:
    """`play(*steps)` makes every turn of this test use a Script of these steps."""

    def use(*steps: Any) -> Script:
        script = Script(*steps)
        monkeypatch.setattr("chat.turn.chat_model", lambda model, caller=None: script)
        return script

    return use


@pytest.fixture
def model(transactional_db: None) -> LanguageModel:
    provider = Provider.objects.create(kind="builtin", name="Built in")
    return LanguageModel.objects.create(
        provider=provider, name="quotes", display_name="Quotes", context_window=8000
    )


async def ask(user: User, session: Session, text: str) -> Generation:
    """Post a message and start its turn."""
    generation = await in_thread(
        services.post_message, actor=user, session_id=session.pk, text=text
    )
    await runner.start(generation, user, "en")
    return generation


async def events_of(generation: Generation, after: int = 0) -> list[dict[str, Any]]:
    """All events of a generation, up to its end."""
    return [json.loads(frame) async for _, frame, _ in runner.follow(generation.pk, after)]


def said(events: Sequence[dict[str, Any]]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "stream_chunk")
