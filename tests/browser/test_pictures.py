"""Pictures in a question: by button, pasted and dropped, as a reader sees them."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.models import Message
from documents.models import Picture
from documents.tests.test_pictures import drawing
from llm.messages import Image
from llm.models import LanguageModel, Provider
from tests.browser import axe

pytestmark = [pytest.mark.browser]
# A function: the page's policy refuses to evaluate a text again.
LOADED = "() => [...document.querySelectorAll('.asked img')].every((one) => one.complete)"
SKY = {"name": "sky.png", "mimeType": "image/png", "buffer": drawing((320, 200), "steelblue")}
SEA = {"name": "sea.jpg", "mimeType": "image/jpeg", "buffer": drawing((200, 300), "teal", "JPEG")}
OFFERED = "#pictures li:not([aria-busy]) img"
GIVE = """([kind, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const items = new DataTransfer();
  items.items.add(new File([bytes], name, { type: "image/png" }));
  const box = document.getElementById("say");
  const given = { bubbles: true, cancelable: true };
  if (kind === "paste") box.dispatchEvent(new ClipboardEvent("paste", { ...given, clipboardData: items }));
  else for (const step of ["dragenter", "drop"])
    box.dispatchEvent(new DragEvent(step, { ...given, dataTransfer: items }));
}"""  # noqa: E501


@pytest.fixture
def seeing(product: str) -> LanguageModel:
    provider = Provider.objects.create(
        kind="openai_compatible", name="Eyes", base_url="http://127.0.0.1:9/v1"
    )
    LanguageModel.objects.update(order=9)
    return LanguageModel.objects.create(
        provider=provider, name="eyes", display_name="Eyes", supports_vision=True,
        context_window=128_000, order=0,
    )  # fmt: skip


def give(window: Any, kind: str, name: str, colour: str) -> None:
    data = base64.b64encode(drawing(colour=colour)).decode()
    window.page.evaluate(GIVE, [kind, name, data])


def shot(page: Any, name: str) -> None:
    """For whoever wants to look: LONTAR_SHOTS names a folder."""
    if folder := os.environ.get("LONTAR_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"pictures-{name}.png"))


@pytest.mark.parametrize(
    ("scheme", "width", "language"), [("light", 1280, "en-GB"), ("dark", 390, "id-ID")]
)
def test_a_picture_goes_along_with_a_question(
    seeing: LanguageModel,
    alice_visits: Callable[..., Any],
    play: Any,
    scheme: str,
    width: int,
    language: str,
) -> None:
    window = alice_visits(width=width, color_scheme=scheme, locale=language)
    page = window.page
    axe.come_along(page)
    page.reload()
    window.ready()
    page.set_input_files("#choose-pictures", [SKY, SEA])
    window.has(OFFERED, 2)
    page.wait_for_url("**/chat/*-*/")
    page.fill("#say", "What is on these?")
    # Kept with the draft: what was sent is there again.
    page.reload()
    window.has(OFFERED, 2)
    assert page.input_value("#say") == "What is on these?"
    assert axe.found(page, [(scheme, width)]) == []
    shot(page, f"offered-{width}-{scheme}-{language}")
    play(["A sky and a sea."])
    page.click("#send")
    assert "A sky and a sea." in window.answered()
    window.has(".asked .pictures img", 2)
    window.has("#pictures li", 0)
    first, second, _said = play.requests[0].messages[-1].parts
    assert isinstance(first, Image) and isinstance(second, Image)
    page.reload()
    window.has(".asked .pictures img", 2)
    page.wait_for_function(LOADED)
    assert "sky.png" in page.locator(".asked img").first.get_attribute("alt")
    assert axe.found(page, [(scheme, width)]) == []
    shot(page, f"asked-{width}-{scheme}-{language}")
    window.clean()


def test_pasted_dropped_and_taken_away(
    seeing: LanguageModel, alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page = window.page
    page.fill("#say", "What is this?")
    give(window, "paste", "pasted.png", "navy")
    window.has(OFFERED, 1)
    assert page.input_value("#say") == "What is this?"
    give(window, "drop", "dropped.png", "red")
    window.has(OFFERED, 2)
    page.click("[aria-label='Take away pasted.png']")
    window.has("#pictures li", 1)
    play(["A square."])
    page.click("#send")
    window.answered()
    question = Message.objects.get(role="user")
    assert [each["name"] for each in question.pictures] == ["dropped.png"]
    assert Picture.objects.filter(is_used=True).count() == 1
    page.locator(".asked").hover()
    page.click("[aria-label='Change this question']")
    page.fill(".question-edit textarea", "What colour is it?")
    play(["Red."])
    page.keyboard.press("Enter")
    page.wait_for_selector(".question-foot .of:has-text('2 / 2')")
    assert "Red." in window.answered()
    window.has(".asked .pictures img", 1)
    window.clean()


def test_a_model_that_does_not_see_says_what_to_do(
    seeing: LanguageModel, alice_visits: Callable[..., Any]
) -> None:
    window = alice_visits()
    page = window.page
    page.select_option("#model", label="Quotes")
    page.set_input_files("#choose-pictures", [SKY])
    page.wait_for_selector("#connection:has-text('sees no pictures')")
    assert "Eyes" in page.inner_text("#connection")
    window.has("#pictures li", 0)
    with page.expect_response(lambda one: one.request.method == "PATCH"):
        page.select_option("#model", label="Eyes")
    bad = {"name": "x.png", "mimeType": "image/png", "buffer": b"<svg onload='__pwned=1'/>"}
    page.set_input_files("#choose-pictures", [bad])
    page.wait_for_selector("#connection:has-text('no picture that models read')")
    page.set_input_files("#choose-pictures", [SKY])
    window.has(OFFERED, 1)
    window.errors.clear()  # what was refused stands in the console as 422
    window.clean()
