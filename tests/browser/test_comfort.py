"""Large print, spaced text, few colours, no motion, words from the right, one announcement."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat.models import Message, Session
from core.testing import person
from llm.errors import LLMError
from tests.browser.waiting import soon
from tests.world import build

pytestmark = [pytest.mark.browser]
# As WCAG 1.4.12 has it. A sheet made by a script passes the page's policy.
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""
# What stands beyond the page, and words on a button that are cut off.
LOST = """() => {
  const width = document.documentElement.clientWidth;
  const beyond = [...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > width).slice(0, 3);
  const scrolls = document.documentElement.scrollWidth <= width ? []
    : [`the page scrolls sideways: ${beyond.map((one) => one.outerHTML.slice(0, 90))}`];
  const cut = [...document.querySelectorAll("button, a.button, h1, label")].filter((one) =>
    one.checkVisibility() && one.clientWidth && one.scrollWidth > one.clientWidth + 1
    && !one.title && !one.matches(".unseen, .talk-title, .cite"));
  return [...scrolls, ...cut.map((one) => `cut off: ${one.outerHTML.slice(0, 90)}`)];
}"""
ARABIC = "ورق اللونتار مادة كتابة قديمة في جنوب شرق آسيا."
SPOKEN = """() => {
  window.__spoken = [];
  new MutationObserver(() => {
    const words = document.getElementById("announce").textContent;
    if (words) window.__spoken.push(words);
  }).observe(document.getElementById("announce"), { childList: true });
}"""


def told(alice: Any) -> Session:
    """A chat with one answer and its source, both from right to left, and one in Indonesian."""
    session = Session.objects.create(user=alice, title=ARABIC, total_messages=4)
    parent = None
    asked = [
        ("user", ARABIC),
        ("assistant", f"{ARABIC} [1]"),
        ("user", "What is it?"),
        ("assistant", "Daun lontar adalah bahan yang ditulis dengan pisau dan dihitamkan."),
    ]
    for position, (role, content) in enumerate(asked, 1):
        parent = Message.objects.create(
            session=session, position=position, role=role, content=content, parent=parent
        )
        if "[1]" in content:
            source = {"document_name": f"{ARABIC}.txt", "excerpt": ARABIC}
            parent.citations.create(number=1, cited=True, **source)
    session.leaf = parent
    session.save()
    return session


def test_large_print_and_spaced_text_lose_nothing(alice_visits: Callable[..., Any]) -> None:
    """320 pixels are a window of 1280 at four times its size."""
    window = alice_visits(width=320, height=512)
    page = window.page
    session = told(User.objects.get())
    places = {
        "/accounts/signup/": "form",
        "/chat/": "#sessions > *",
        f"/chat/{session.pk}/": ".answer-foot",
        "/library/": ".shelf-row",
        "/account/": "#keys",
        "/account/data/": "#leave",
        "/no/such/page/": "h1",
    }
    lost = []
    for path, there in places.items():
        window.go(path)
        page.wait_for_selector(there, state="attached")
        lost += [f"{path}: {line}" for line in page.evaluate(LOST)]
        page.evaluate(SPACED)
        lost += [f"{path}, spaced: {line}" for line in page.evaluate(LOST)]
    assert not lost, "\n".join(lost)


def test_the_admin_in_large_print(visit: Callable[..., Any]) -> None:
    person("root", role="superadmin")
    build(person("alice"))
    window = visit(width=320, height=512)
    window.sign_in("root@example.org", "")
    lost = []
    for path in ("", "accounts/user/", "accounts/user/add/", "llm/modelcall/usage/"):
        window.go(f"/admin/{path}")
        lost += [f"{path}: {line}" for line in window.page.evaluate(LOST) if "scrolls" in line]
    assert not lost, "\n".join(lost)


def test_words_from_the_right_and_in_their_language(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    window.go(f"/chat/{told(User.objects.get()).pk}/")
    window.has(".answer-foot", 2)
    side = "(selector) => getComputedStyle(document.querySelector(selector)).direction"
    page.locator(".cite").focus()
    for selector in (".question", ".source .words", ".source .where b", "#title"):
        page.wait_for_selector(selector)
        assert page.evaluate(side, selector) == "rtl", selector
    page.hover(".cite")
    page.wait_for_selector("#preview:popover-open")
    for selector in ("#preview .words", "#preview .where b"):
        page.wait_for_selector(selector)
        assert page.evaluate(side, selector) == "rtl", selector
    languages = "all => all.map((one) => one.lang)"
    soon(lambda: page.locator(".prose").evaluate_all(languages), ["", "id"])
    window.clean()


def test_one_announcement_for_an_answer(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page = window.page
    page.evaluate(SPOKEN)
    play([f"The **{word}** of them. " for word in ("first", "second", "third")])
    window.ask("Which?")
    window.answered()
    page.wait_for_selector("#announce >> text=Answer: The first of them.", state="attached")
    play([LLMError("it is away", code="unavailable", retryable=False)])
    window.ask("And then?")
    page.wait_for_selector(".state.wrong")
    sentence = page.locator(".state.wrong span").inner_text()
    page.wait_for_selector(f'#announce >> text="{sentence}"', state="attached")
    spoken = page.evaluate("window.__spoken")
    assert spoken == ["Answer: The first of them. The second of them. The third of them.", sentence]
    window.clean()


def test_nothing_moves_for_who_asks_for_it(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits(reduced_motion="reduce", forced_colors="active")
    page = window.page
    held = threading.Event()
    play([held, "Done."])
    window.ask("Wait?")
    page.wait_for_selector(".waiting i")
    page.wait_for_function("() => document.getAnimations().length === 0")
    page.wait_for_selector(".session[data-current]")
    paint = "getComputedStyle(document.querySelector('{}')).{}"
    dots = page.evaluate(paint.format(".waiting i", "backgroundColor"))
    assert dots != page.evaluate(paint.format("body", "backgroundColor"))
    assert page.evaluate(paint.format(".session[data-current]", "borderTopStyle")) == "solid"
    held.set()
    window.answered()
    window.clean()


def test_a_slow_line_is_told_of_and_works(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page = window.page
    play(["An answer."])
    window.ask("Slow?")
    window.answered()
    page.wait_for_selector(".answer-foot")
    chat = page.url
    page.goto("about:blank")
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"latency": 400, "downloadThroughput": 60_000, "uploadThroughput": 20_000}
    line.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    # What is asked for last is held until the words are there: how long they stand is not ours.
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route(f"**/api/v1/chat/sessions/{chat.split('/')[-2]}", hold)
    page.route("**/js/library.js", hold)
    page.goto(chat)
    page.wait_for_selector("#connection >> text=Opening…")
    soon(lambda: len(held), 1, page=page)
    held.pop().continue_()
    assert window.answered() == "An answer."
    page.wait_for_selector("#connection:empty", state="attached")
    play(["Another answer."])
    window.ask("Still slow?")
    window.has(".question", 2)
    assert window.answered() == "Another answer."
    page.click("#show-material")
    page.wait_for_selector("#connection >> text=Opening…")
    soon(lambda: len(held), 1, page=page)
    held.pop().continue_()
    page.wait_for_selector("#pane .file-list", state="attached")
    page.wait_for_selector("#connection:empty", state="attached")
    window.clean()


def test_a_part_that_cannot_be_fetched_is_told_of(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    page.route("**/js/library.js", lambda route: route.abort())
    page.click("#show-material")
    page.wait_for_selector("#connection >> text=Lontar cannot be reached.")
