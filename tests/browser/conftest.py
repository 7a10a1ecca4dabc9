"""A browser, the product it drives, and a model that says what the test wants."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connections
from django.test import Client

from accounts.models import User
from chat import tasks as chat_tasks
from core.testing import PASSWORD, person
from documents import tasks
from documents.collections import default_collection
from llm.errors import LLMError
from llm.events import Completed, Event, TextDelta
from llm.messages import Request, ToolCall
from llm.models import EmbeddingModel, LanguageModel, Provider
from prompts.services import ensure_default_prompt
from tests.browser.waiting import PATIENCE, soon

playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
WATCHED = """
addEventListener("securitypolicyviolation", (event) => {
  (window.__violations ??= []).push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""
# The answer before it may still be the last one on the page.
ASKED_LAST = """(text) =>
  [...document.querySelectorAll(".question")].at(-1)?.textContent.includes(text)"""


class Play:
    """The scripts of the turns to come, one for each call of the model.

    A step is a text, a ToolCall, a threading.Event to wait for, or an LLMError.
    """

    def __init__(self) -> None:
        self.scripts: list[list[Any]] = []
        self.requests: list[Request] = []

    def __call__(self, *scripts: list[Any]) -> None:
        self.scripts.extend(scripts)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        self.requests.append(request)
        script = self.scripts.pop(0)
        for step in script:
            if isinstance(step, threading.Event):
                while not step.is_set():
                    await asyncio.sleep(0.01)
            elif isinstance(step, LLMError):
                raise step
            else:
                yield TextDelta(step) if isinstance(step, str) else step
                await asyncio.sleep(0)
        called = any(isinstance(step, ToolCall) for step in script)
        yield Completed(stop_reason="tool_calls" if called else "stop")


@pytest.fixture(scope="package")
def chromium(chromium_path: Path) -> Iterator[Callable[[], Any]]:
    """The running browser: one for all files, a new one only after a crash."""
    started: list[Any] = []

    def running() -> Any:
        if not started or not started[-1].is_connected():
            path, options = str(chromium_path), CHROMIUM_OPTIONS
            started.append(playwright.chromium.launch(executable_path=path, args=options))
        return started[-1]

    # Playwright keeps an event loop in the main thread, which Django takes for async code.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with playwright_api.sync_playwright() as playwright:
            yield running
            for browser in started:
                browser.close()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    made = Play()
    monkeypatch.setattr("chat.turn.chat_model", lambda model, caller=None: made)
    return made


class Workers:
    """What Celery would run, each task in a thread of this process."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def take(self, task: Any) -> Callable[..., None]:
        """What stands in for the task's apply_async."""

        def work(args: list[str], **_options: Any) -> None:
            def run() -> None:
                try:
                    task(args[0])
                finally:
                    connections.close_all()

            self.threads.append(threading.Thread(target=run))
            self.threads[-1].start()

        return work

    def finish(self) -> None:
        """Wait until all is done, also what was begun meanwhile."""
        for thread in self.threads:
            thread.join()


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    made = Workers()
    for task in (tasks.ingest, tasks.read_web, chat_tasks.export_data):
        monkeypatch.setattr(task, "apply_async", made.take(task))
    yield made
    made.finish()


@pytest.fixture
def product(
    transactional_db: None, settings: Any, tmp_path: Path, workers: Workers
) -> Iterator[str]:
    """The address of a running product with its models, prompt and collection."""
    from tests.browser import server

    settings.MEDIA_ROOT = tmp_path / "files"
    provider = Provider.objects.create(kind="builtin", name="Built in")
    LanguageModel.objects.create(provider=provider, name="quotes", display_name="Quotes")
    EmbeddingModel.objects.update_or_create(
        kind="local", name="all-MiniLM-L6-v2", dimensions=384, defaults={"is_current": True}
    )
    ensure_default_prompt()
    default_collection()
    yield server.address()
    workers.finish()
    server.come_to_rest()


class Visit:
    """One reader's window, and what went wrong in it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        self.abroad: list[str] = []
        self.asked = ""
        page.add_init_script(WATCHED)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)
        page.on("request", self._request)
        page.on("dialog", lambda dialog: (self.errors.append("a dialog"), dialog.dismiss()))

    def _console(self, message: Any) -> None:
        if message.type == "error" and "WebSocket connection" not in message.text:
            self.errors.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.abroad.append(request.url)

    def go(self, path: str) -> None:
        self.asked = ""
        self.page.goto(self.address + path)

    def sign_in(self, email: str, to: str = "/chat/") -> None:
        """By the cookie of a session that is open already, which is no work for the browser."""
        client, name = Client(), configured.SESSION_COOKIE_NAME
        client.force_login(User.objects.get(email=email))
        cookie = {"name": name, "value": client.cookies[name].value, "url": self.address}
        self.page.context.add_cookies([cookie])
        if to:
            self.go(to)
        if to == "/chat/":
            self.ready()

    def log_in(self, email: str) -> None:
        """By the page for it."""
        self.go("/accounts/login/")
        self.page.fill("[name=login]", email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button.primary")
        self.ready()

    def ready(self) -> None:
        """The page's scripts run, and the list of chats is there."""
        self.page.wait_for_selector("#sessions > *", state="attached")

    def ask(self, text: str, press: Callable[[], None] | None = None) -> None:
        """By the key, or by what `press` does."""
        self.page.fill("#say", text)
        self.asked = text
        press() if press else self.page.keyboard.press("Enter")

    def answered(self) -> str:
        """The text of the answer to what was asked last, once it is whole and drawn."""
        self.page.wait_for_function(ASKED_LAST, arg=self.asked)
        whole = ".answer:last-child:not([aria-busy]):has(.answer-foot) .prose > div"
        self.page.wait_for_selector(whole, state="attached")
        return str(self.page.locator(".answer").last.locator(".prose").inner_text())

    def has(self, selector: str, count: int) -> None:
        """Waits until so many elements match."""
        soon(self.page.locator(selector).count, count)

    def clean(self) -> None:
        """Nothing broke, nothing was blocked, nothing went elsewhere."""
        assert self.errors == []
        assert self.abroad == []
        assert self.page.evaluate("window.__violations ?? []") == []
        assert self.page.evaluate("window.__pwned") is None


@pytest.fixture
def visit(chromium: Callable[[], Any], product: str) -> Iterator[Callable[..., Visit]]:
    """`visit(width=390, ...)`: a new window with its own cookies."""
    contexts = []

    def open_window(width: int = 1280, height: int = 800, **options: Any) -> Visit:
        context = chromium().new_context(
            viewport={"width": width, "height": height}, **{"locale": "en-GB", **options}
        )
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        return Visit(context.new_page(), product)

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def alice_visits(visit: Callable[..., Visit]) -> Callable[..., Visit]:
    """The same, signed in as alice."""

    def open_window(**options: Any) -> Visit:
        window = visit(**options)
        person("alice", full_name="Alice Wijaya")
        window.sign_in("alice@example.org")
        return window

    return open_window
