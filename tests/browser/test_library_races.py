"""Answers that come late, in the library: none of them may undo what came after it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from core.testing import person
from documents.collections import create_collection
from tests.browser.test_library import make
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

MINE = "**/api/v1/collections?for_me=true*"
SETTLED = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


class Held:
    """The first answer to a pattern, asked for at once and kept back until `let_go`."""

    def __init__(self, page: Any, pattern: str, status: int | None = None) -> None:
        self.page, self.pattern, self.status = page, pattern, status
        self.route: Any = None
        self.response: Any = None
        page.route(pattern, self._take, times=1)

    def _take(self, route: Any) -> None:
        self.response = route.fetch()
        self.route = route

    def there(self) -> None:
        soon(lambda: self.route is not None, page=self.page)

    def let_go(self) -> None:
        with self.page.expect_response(lambda response: response.url == self.route.request.url):
            self.route.fulfill(response=self.response, status=self.status or self.response.status)
        self.page.evaluate(SETTLED)


@pytest.fixture
def library(visit: Callable[..., Any]) -> Any:
    """An administrator in the library, before which bob has made a diary."""
    bob = person("bob")
    create_collection(actor=bob, name="Diary of bob")
    person("admin", role="admin")
    window = visit()
    window.sign_in("admin@example.org", "")
    window.go("/library/")
    window.page.wait_for_selector(".shelf-list")
    return window


def test_an_old_list_does_not_take_a_new_collection_away(library: Any) -> None:
    page = library.page
    late = Held(page, MINE)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    late.there()
    make(page, "Cells")
    page.click("#to-shelves")
    page.wait_for_selector(".shelves .shelf-row:has-text('Cells')")
    late.let_go()
    assert page.locator(".shelves .shelf-row:has-text('Cells')").count() == 1
    library.clean()


def test_what_is_mine_is_not_among_everybody_else_s(library: Any) -> None:
    page = library.page
    create_collection(actor=User.objects.get(email="admin@example.org"), name="Cells")
    late = Held(page, MINE)
    page.reload()
    page.click("text=Everybody else's")
    late.there()
    page.evaluate(SETTLED)
    late.let_go()
    page.wait_for_selector(".others .shelf-row:has-text('Diary of bob')")
    assert page.locator(".shelf-row:has-text('Cells')").count() == 1
    # And so it stays when another one is made while they are open.
    make(page, "Tissue")
    page.click("#to-shelves")
    page.wait_for_selector(".shelves .shelf-row:has-text('Tissue')")
    assert page.locator(".others .shelf-row:has-text('Tissue')").count() == 0
    library.clean()


def test_a_refusal_that_comes_late_is_not_about_the_page_in_sight(library: Any) -> None:
    page = library.page
    admin = User.objects.get(email="admin@example.org")
    gone = create_collection(actor=admin, name="Cells")
    create_collection(actor=admin, name="Tissue")
    page.reload()
    late = Held(page, f"**/api/v1/collections/{gone.id}", status=404)
    page.click(".shelf-row:has-text('Cells')")
    late.there()
    page.click("#to-shelves")
    page.click(".shelf-row:has-text('Tissue')")
    page.wait_for_selector("#share")
    late.let_go()
    soon(lambda: page.inner_text("#title"), "Tissue")
    library.has("#share", 1)
    library.errors = [error for error in library.errors if "404" not in error]
    library.clean()


def test_the_keyboard_stays_with_who_uses_it(library: Any) -> None:
    page = library.page
    page.click(".shelf-row >> nth=0")
    page.wait_for_selector("#title:focus")
    late = Held(page, MINE)
    page.click("#to-shelves")
    late.there()
    page.focus("[aria-label='Find a collection']")
    late.let_go()
    page.keyboard.type("course")
    assert page.input_value("[aria-label='Find a collection']") == "course"
    library.clean()


def test_what_a_first_click_needs_is_there_before_it(library: Any) -> None:
    page = library.page
    fetched = "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('%s'))"
    for module in ("/dialogs.js", "/citations.js", "/pane.js"):
        page.wait_for_function(fetched % module)
    library.clean()


def test_two_clicks_open_one_dialog(library: Any) -> None:
    page = library.page
    page.evaluate("for (const _ of [1, 2]) document.querySelector('.shelf-bar .button').click()")
    page.wait_for_selector("#ask-name:focus")
    page.evaluate(SETTLED)
    assert page.locator("dialog[open]").count() == 1
    library.clean()


def test_going_back_closes_what_asks_about_a_collection(library: Any) -> None:
    page = library.page
    make(page, "Cells")
    page.click("#share")
    page.wait_for_selector("dialog[open]")
    page.go_back()
    page.wait_for_selector(".shelf-list")
    library.has("dialog", 0)
    library.clean()
