"""The main job as a person does it: sign up, bring a PDF, ask, open the page behind the answer."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from documents.tests.pdfs import make_pdf
from llm.messages import ToolCall
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

PASSAGE = "Candlenut soot was rubbed into the scratches so that the letters became visible."
PAGES = [
    "Palm-leaf books of the archipelago.\nThis reader is about how they were made.",
    "The leaves were cut in the dry season.\nThey were boiled with herbs and pressed for months.",
    f"Scribes wrote with a small knife.\n{PASSAGE}\nA cord through the holes held the leaves.",
    "Books were kept in the rafters.\nThe smoke of the kitchen kept insects away.",
]
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "application/pdf" }));
  for (const type of ["dragenter", "dragover", "drop"]) {
    dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


def drop(page: Any, name: str, data: bytes) -> None:
    page.evaluate(DROP, [name, base64.b64encode(data).decode()])


def test_from_sign_up_to_the_cited_page(visit: Callable[..., Any], play: Any) -> None:
    window = visit()
    page = window.page
    window.go("/accounts/signup/")
    page.fill("[name=full_name]", "Sari Dewi")
    page.fill("[name=email]", "sari@example.org")
    page.fill("[name=password1]", "tulisan-di-daun-7")
    page.fill("[name=password2]", "tulisan-di-daun-7")
    page.click("button.primary")

    page.wait_for_selector("text=Drop files anywhere on this page")
    window.ready()
    drop(page, "palm-leaf books.pdf", make_pdf(PAGES))
    page.wait_for_selector("#tray [data-status=PROCESSED]")
    page.wait_for_selector("#tray >> text=4 pages")

    search = ToolCall("1", "document_search", {"query": "How did letters become visible?"})
    mark = "[1]"
    play([search], ["The scribes used soot: ", f'"{PASSAGE}" {mark}\n\n', "No other ink was used."])
    window.ask("How did the letters become visible?")
    said = window.answered()
    assert "The scribes used soot" in said and "No other ink was used." in said
    assert re.search(r"/chat/[0-9a-f-]{36}/$", page.url)
    assert "Searched your material" in page.inner_text(".answer")
    assert "palm-leaf books.pdf" in page.inner_text(".source-list >> nth=0")
    assert page.input_value("#say") == ""

    page.hover(".cite")
    page.wait_for_selector("#preview:popover-open >> text=Candlenut soot")
    page.click(".cite")
    page.wait_for_selector(".passage")
    soon(lambda: page.input_value("[aria-label='Page number']"), "3")
    soon(lambda: _is_marked(page))

    page.keyboard.press("Escape")
    page.wait_for_selector(".cite:focus")
    page.reload()
    assert "The scribes used soot" in window.answered()
    window.has(".cite", 1)
    window.clean()


# Both at one moment: a page is drawn again when the pane takes its width.
MARKED = """() => {
  const span = [...document.querySelectorAll(".textLayer span")]
    .find((one) => one.textContent.includes("Candlenut"));
  const [words, marked] = [span, document.querySelector(".passage")]
    .map((one) => one?.getBoundingClientRect());
  if (!words || !marked) return false;
  const middle = words.y + words.height / 2;
  return marked.y - 2 <= middle && middle <= marked.y + marked.height + 2
    && Math.abs(marked.x - words.x) < 8 && marked.width > 0.8 * words.width;
}"""


def _is_marked(page: Any) -> bool:
    """The rectangles lie on the words pdf.js itself drew for the passage."""
    return bool(page.evaluate(MARKED))


def test_a_file_that_cannot_be_read_says_why(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    drop(window.page, "<img src=x onerror=window.__pwned=1>.pdf", make_pdf([""]))
    row = window.page.locator("#tray [data-status=FAILED]").first
    soon(lambda: len(row.locator(".what").inner_text()) > 30)
    for button in ("Try", "Delete"):
        row.locator(f"[aria-label^='{button}']").wait_for()
    drop(window.page, "notes.exe", b"MZ\x90\x00not a document\x00")
    window.page.wait_for_selector(
        "#tray [data-status=REFUSED], #tray li:nth-child(2)[data-status=FAILED]"
    )
    assert window.page.evaluate("window.__pwned") is None
    assert window.page.locator("#tray img").count() == 0


def test_my_material_is_listed_opened_and_deleted(alice_visits: Callable[..., Any]) -> None:
    window = alice_visits()
    page = window.page
    page.set_input_files(
        "#choose",
        [
            {
                "name": "notes.md",
                "mimeType": "text/markdown",
                "buffer": b"# Leaves\n\nDry them.",
            },
            {"name": "reader.pdf", "mimeType": "application/pdf", "buffer": make_pdf(PAGES)},
        ],
    )
    window.has("#tray [data-status=PROCESSED]", 2)
    page.click("#show-material")
    window.has(".file-list .file", 2)
    page.click(".file-list button.name:has-text('notes.md')")
    page.wait_for_selector(".page-text:has-text('Dry them.')")
    page.click("[aria-label='Back to all files']")
    page.click(".file-list button.name:has-text('reader.pdf')")
    page.wait_for_selector(".sheet canvas")
    page.click("[aria-label='Next page']")
    page.wait_for_selector(".textLayer >> text=dry season")
    page.click("[aria-label='Back to all files']")
    page.click(".file-list [aria-label='Delete reader.pdf']")
    page.click("dialog.ask .danger")
    window.has(".file-list .file", 1)
    page.keyboard.press("Escape")
    page.wait_for_selector("#pane", state="hidden")
    window.clean()


def test_a_file_dropped_in_a_chat_is_found_there_and_not_in_the_next(
    alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page = window.page

    def ask_for_soot() -> str:
        search = ToolCall("1", "document_search", {"query": "How did letters become visible?"})
        play([search], ["This is what I know [1]."])
        window.ask("How did the letters become visible?")
        window.answered()
        return str(page.locator(".answer").last.inner_text())

    play(["Good morning."])
    window.ask("Hello")
    window.answered()
    drop(page, "palm-leaf books.pdf", make_pdf(PAGES))
    page.wait_for_selector("#tray [data-status=PROCESSED]")
    assert "palm-leaf books.pdf" in ask_for_soot()
    page.click("[data-new-chat] >> visible=true")
    page.wait_for_selector("#welcome:not([hidden])")
    assert "palm-leaf" not in page.inner_text("#welcome"), "nothing a new chat could find"
    assert "palm-leaf books.pdf" not in ask_for_soot()
    window.clean()
