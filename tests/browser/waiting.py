"""A page answers in steps, and late on a busy machine: it is asked until it says what it should."""

import time
from collections.abc import Callable
from typing import Any

from tests.patience import PATIENCE


def soon(look: Callable[[], Any], wanted: Any = True, *, page: Any = None) -> None:
    """Looks until what is found is `wanted`. `page`: where what is looked at is told by its events.

    An assertion about what is read once belongs behind a wait for the last thing that changes.
    """
    deadline = time.monotonic() + PATIENCE
    while (found := look()) != wanted and time.monotonic() < deadline:
        page.wait_for_timeout(20) if page else time.sleep(0.02)
    assert found == wanted


def leads_on(page: Any, selector: str) -> None:
    """Clicks on what opens another page, and waits until all of that is there."""
    with page.expect_navigation():
        page.click(selector)


def tab_to(page: Any, selector: str) -> None:
    """Goes on by the keyboard until it stands on such an element."""
    for _ in range(200):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come to {selector}")
