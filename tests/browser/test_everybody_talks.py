"""Axe on what has one address and many looks: a chat, the library, what is shared."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from documents.tests.pdfs import make_pdf
from llm.errors import LLMError
from llm.messages import ToolCall
from tests.browser import axe
from tests.browser.test_class_pages import begin, lecturer
from tests.browser.test_everybody import LOOKS
from tests.browser.test_journey import PAGES, PASSAGE
from tests.browser.test_prose import ARABIC
from tests.browser.waiting import tab_to
from tests.pages import pages

__all__ = ["lecturer"]
pytestmark = [pytest.mark.browser]
# Each of these is opened below, by itself or on the way.
OPENED = {
    "",
    "chat/",
    "chat/<uuid:session_id>/",
    "library/",
    "library/<uuid:collection_id>/",
    "s/<str:token>/",
    "classes/",
    "classes/<uuid:group_id>/",
    "classes/<uuid:group_id>/<uuid:session_id>/",
    "api/docs",
    "api/redoc",
}
# What Swagger UI and ReDoc draw is theirs; docs/api.md says the same in words.
DRAWN_BY_OTHERS = ("#swagger > *", "#redoc > *")
RICH = f"""## The letters

They became visible by soot: "{PASSAGE}" [1]

```python
def leaf(n):
    return "palm" * n  # a comment
```

| Year | Leaves |
|---|---|
| 1900 | $x^2$ |

> A quotation

$$ \\int_0^1 x^2 \\, dx $$

{ARABIC}"""


class Looker:
    """Walks through the states in one window and collects what axe finds in each."""

    def __init__(self, window: Any, kind: dict[str, Any]) -> None:
        self.page = window.page
        self.shape = (kind["color_scheme"], kind["width"])
        self.wrong: list[str] = []
        axe.come_along(window.page)

    def at(self, state: str, **how: Any) -> None:
        self.wrong += [f"{state}: {line}" for line in axe.found(self.page, [self.shape], **how)]

    def sidebar(self) -> None:
        """On a phone it comes over the chat, and is gone when something else was pressed."""
        if self.shape[1] < 500 and not self.page.locator("#sidebar:popover-open").count():
            self.page.click("[popovertarget=sidebar].only-phone >> nth=-1")


def test_every_page_is_looked_at_somewhere() -> None:
    here = {path for path in pages() if not path.startswith(("admin/", "accounts/", "account/"))}
    assert here == OPENED, "a page must be opened in a test of axe"


@pytest.mark.parametrize("kind", LOOKS, ids=["desk", "phone"])
def test_a_chat_in_all_its_states(
    alice_visits: Callable[..., Any], play: Any, kind: dict[str, Any]
) -> None:
    window = alice_visits(**kind)
    see = Looker(window, kind)
    an_answer(window, see, play)
    a_source(window.page, see)
    play([LLMError("it is away", code="unavailable", retryable=False)])
    window.ask("And then?")
    window.page.wait_for_selector(".state.wrong")
    see.at("failed")
    beside_it(window.page, see)
    assert not see.wrong, "\n".join(see.wrong)


def an_answer(window: Any, see: Looker, play: Any) -> None:
    """From the empty page to a whole answer."""
    page = window.page
    window.go("/chat/")
    window.ready()
    see.at("empty")
    page.set_input_files(
        "#choose", {"name": "reader.pdf", "mimeType": "application/pdf", "buffer": make_pdf(PAGES)}
    )
    page.wait_for_selector("#tray [data-status=PROCESSED]")
    see.at("with a file")
    held = threading.Event()
    play([ToolCall("1", "document_search", {"query": "soot letters"})], [RICH, held, " The end."])
    window.ask("How did the letters become visible?")
    page.wait_for_selector(".prose .katex")
    see.at("streaming")
    held.set()
    window.answered()
    page.wait_for_selector(".answer-foot")
    page.locator(".code").scroll_into_view_if_needed()
    page.wait_for_selector(".code .hl-keyword")
    see.at("answered")


def a_source(page: Any, see: Looker) -> None:
    """The preview of a mark, and its page beside the chat."""
    page.focus("#scroll")
    tab_to(page, ".cite")
    page.wait_for_selector("#preview:popover-open")
    see.at("preview")
    page.keyboard.press("Enter")
    page.wait_for_selector(".passage")
    see.at("viewer")
    page.keyboard.press("Escape")


def beside_it(page: Any, see: Looker) -> None:
    """Material, menus, dialogs, and the page a link leads to."""
    page.click("#show-material")
    page.wait_for_selector("#pane .file")
    see.at("material")
    page.keyboard.press("Escape")
    see.sidebar()
    page.hover(".session")
    page.click(".session .tool")
    page.wait_for_selector("#session-menu:popover-open")
    see.at("menu of a chat")
    page.click("#session-menu button:nth-child(2)")
    page.wait_for_selector("dialog[open]")
    page.click("dialog .primary")
    link = page.wait_for_selector(".new-link input").input_value()
    see.at("sharing")
    page.keyboard.press("Escape")
    see.sidebar()
    page.click(".account")
    page.wait_for_selector("#account-menu:popover-open")
    see.at("account menu")
    page.goto(link)
    page.wait_for_selector(".prose .katex")
    see.at("shared")
    page.goto(link[:-4])
    see.at("shared no more")


@pytest.mark.parametrize("kind", LOOKS, ids=["desk", "phone"])
def test_the_library(alice_visits: Callable[..., Any], kind: dict[str, Any]) -> None:
    window = alice_visits(**kind)
    page = window.page
    see = Looker(window, kind)
    window.go("/library/")
    page.wait_for_selector(".shelf-row")
    see.at("shelves")
    page.click("#shelf .shelf-bar button, #head-tools button")
    page.wait_for_selector("dialog[open]")
    see.at("new collection")
    page.fill("#ask-name", "Leaves")
    page.keyboard.press("Enter")
    page.wait_for_url("**/library/*-*/")
    page.wait_for_selector("#shelf button")
    see.at("empty collection")
    page.set_input_files(
        "#choose",
        [
            {"name": "reader.pdf", "mimeType": "application/pdf", "buffer": make_pdf(PAGES)},
            {"name": "none.pdf", "mimeType": "application/pdf", "buffer": make_pdf([""])},
        ],
    )
    page.wait_for_selector("[data-status=PROCESSED]")
    page.wait_for_selector("[data-status=FAILED]")
    see.at("collection")
    page.click(".file button.name")
    page.wait_for_selector("#pane .textLayer span")
    see.at("viewer")
    assert not see.wrong, "\n".join(see.wrong)


@pytest.mark.parametrize("kind", LOOKS, ids=["desk", "phone"])
def test_the_chats_of_a_class(
    visit: Callable[..., Any], lecturer: User, kind: dict[str, Any]
) -> None:
    begin(lecturer)
    window = visit(**kind)
    page = window.page
    see = Looker(window, kind)
    window.sign_in("lestari@example.org", "")
    window.go("/classes/")
    see.at("classes")
    page.click("text=Biology 1")
    page.wait_for_selector("text=Alice Wijaya")
    see.at("chats of a class")
    page.click("text=Why it glows")
    page.wait_for_selector(".answer .prose > div:not(.as-written)")
    see.at("a chat of a class")
    assert not see.wrong, "\n".join(see.wrong)


def test_the_frame_of_the_reference(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    see = Looker(window, LOOKS[0])
    # Without the document, which takes both a long time to draw and is left out here.
    window.page.route("**/api/schema*", lambda route: route.abort())
    for path in ("/api/docs", "/api/redoc"):
        window.go(path)
        window.page.wait_for_selector(", ".join(DRAWN_BY_OTHERS), state="attached")
        see.at(path, once=DRAWN_BY_OTHERS, parts=False)
    assert not see.wrong, "\n".join(see.wrong)
