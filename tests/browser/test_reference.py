"""The two pages of the API's reference, as people see them: whole, in both themes, offline."""

from typing import Any

import pytest

from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]
DARK = """(element) => getComputedStyle(element).backgroundColor.match(/\\d+/g).slice(0, 3)
  .every((value) => value < 60)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("path", "shown"),
    [("/api/docs", ".opblock-tag"), ("/api/redoc", "[data-section-id] h2")],
)
def test_the_reference_is_shown(alice_visits: Any, path: str, shown: str, scheme: str) -> None:
    window = alice_visits(color_scheme=scheme)
    page = window.page
    page.goto(window.address + path)
    page.wait_for_selector(shown, state="attached")
    soon(lambda: page.locator("html").evaluate(DARK), scheme == "dark")
    window.clean()
