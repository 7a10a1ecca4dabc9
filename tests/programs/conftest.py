"""The product on a port of this process for programs that talk HTTP, and a scripted model."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from accounts.api_keys import make_key
from accounts.models import User
from documents import services, tasks
from documents.collections import default_collection
from llm.errors import LLMError
from llm.events import Completed, Event, TextDelta
from llm.messages import Request, ToolCall, Usage
from llm.models import EmbeddingModel, LanguageModel, Provider
from prompts.services import ensure_default_prompt

NOTES = """Photosynthesis

Chlorophyll absorbs red and blue light. The light reactions split water and release oxygen.
The Calvin cycle then builds sugar from carbon dioxide in the stroma of the chloroplast.
"""


class Play:
    """The scripts of the calls to come: texts, events, a threading.Event to wait for, errors."""

    def __init__(self) -> None:
        self.scripts: list[list[Any]] = []
        self.requests: list[Request] = []
        self.left = threading.Event()

    def __call__(self, *scripts: list[Any]) -> None:
        self.scripts.extend(scripts)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        self.requests.append(request)
        script = self.scripts.pop(0)
        try:
            for step in script:
                if isinstance(step, threading.Event):
                    while not step.is_set():
                        await asyncio.sleep(0.01)
                elif isinstance(step, LLMError):
                    raise step
                else:
                    yield TextDelta(step) if isinstance(step, str) else step
                    await asyncio.sleep(0)
            if not any(isinstance(step, Completed) for step in script):
                called = any(isinstance(step, ToolCall) for step in script)
                yield Completed(Usage(10, 5), "tool_calls" if called else "stop")
        finally:
            self.left.set()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    made = Play()
    for room in ("chat.turn", "chat.compatible.turn"):
        monkeypatch.setattr(f"{room}.chat_model", lambda model, caller=None: made)
    return made


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """What Celery would run, in threads of this process; called, it waits for all of them."""
    threads: list[threading.Thread] = []

    def work(args: list[str], **_options: Any) -> None:
        def run() -> None:
            try:
                tasks.ingest(args[0])
            finally:
                connections.close_all()

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    def finish() -> None:
        for thread in threads:
            thread.join()

    monkeypatch.setattr(tasks.ingest, "apply_async", work)
    yield finish
    finish()


@pytest.fixture
def product(
    transactional_db: None, settings: Any, tmp_path: Path, workers: Callable[[], None]
) -> Iterator[str]:
    """The address of a running product with its models, prompt and collection."""
    from tests.browser import server

    settings.MEDIA_ROOT = tmp_path / "files"
    provider = Provider.objects.create(kind="builtin", name="Built in")
    LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes", order=900)
    EmbeddingModel.objects.update_or_create(
        kind="local", name="all-MiniLM-L6-v2", dimensions=384, defaults={"is_current": True}
    )
    ensure_default_prompt()
    default_collection()
    yield server.address()
    workers()
    server.come_to_rest()


@pytest.fixture
def able(product: str) -> LanguageModel:
    """A model that calls tools, sees and takes every wish; `play` says what it answers."""
    provider = Provider.objects.create(
        kind="openai_compatible", name="Campus GPU", base_url="http://gpu.invalid/v1", order=1
    )
    return LanguageModel.objects.create(
        provider=provider,
        name="campus/able",
        display_name="Able",
        supports_vision=True,
        order=1,
    )


@pytest.fixture
def key(alice: User, product: str) -> str:
    return make_key(actor=alice, name="A program", scopes=["chat"])[1]


@pytest.fixture
def notes(alice: User, product: str, workers: Callable[[], None]) -> Any:
    document = services.upload(actor=alice, file=io.BytesIO(NOTES.encode()), name="notes.txt")
    workers()
    document.refresh_from_db()
    assert document.status == "PROCESSED"
    return document
