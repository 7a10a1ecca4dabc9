"""No test fails because the machine is busy: what waits, waits until it is there.

A wait ends as soon as there is what it waits for, so being patient costs nothing; who tests a limit
sets one of its own, after this. Loaded as a pytest plugin by the root conftest.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

# Seconds for anything at all. Only a test that fails takes so long.
PATIENCE = 60.0
# How long the product waits for others before it goes on without them.
LIMITS = (
    "llm.health.PATIENCE",
    "llm.metering.metered.ADMISSION_SECONDS",
    "llm.providers.listing.PATIENCE",
    "llm.providers.listing.PATIENCE_IN_ALL",
    "llm.asking.PATIENCE",
    "rag.cache.PATIENCE",
    "rag.several.PATIENCE",
    "chat.query_writing.SECONDS",
    "chat.searching_first.SECONDS",
    "config.health.PATIENCE",
)


def until(look: Callable[[], object]) -> None:
    """Looks until it gives something true; an assertion fails when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, "it did not come to this"
        time.sleep(0.02)


def _patient(receive: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def wait(self: Any, timeout: float = 0) -> Any:
        return await receive(self, max(timeout, PATIENCE))

    return wait


@pytest.fixture(autouse=True, scope="session")
def _a_busy_machine_fails_no_test() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in LIMITS:
            patch.setattr(name, PATIENCE)
        # A second each, as they come.
        for name in ("wait", "receive_output"):
            patch.setattr(
                ApplicationCommunicator, name, _patient(getattr(ApplicationCommunicator, name))
            )
        yield
