"""Many files at once, their order, and tables in the text of a page."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.test_library import fill_it, make, visits
from tests.browser.waiting import soon

__all__ = ["visits"]

pytestmark = [pytest.mark.browser]
TABLE = b"# Sel\n\n| bagian | tugas |\n|---|---|\n| krista | rantai pernapasan |\n\nSelesai.\n"


def note(name: str, words: bytes = b"Kloroplas menangkap cahaya.") -> dict[str, Any]:
    return {"name": name, "mimeType": "text/markdown", "buffer": b"# Sel\n\n" + words}


def names(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(".file-list .name").all_inner_texts()]


@pytest.mark.parametrize("width", [1280, 390])
def test_one_line_tells_of_all_files(visits: Callable[..., Any], width: int) -> None:
    window = visits("alice", width=width)
    page = window.page
    make(page, "Sel")
    page.wait_for_selector(".shelf-bar >> text=Add files")
    broken = {"name": "z.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 nothing"}
    files = [note(f"{letter}.md", letter.encode() * 3) for letter in "dbca"]
    page.set_input_files("#choose", [*files, broken])
    page.wait_for_selector(".sending >> text=4 of 5 ready · 1 failed")
    page.wait_for_selector(".sending >> text=Try the failed ones again")
    page.wait_for_selector(".sending >> text=Cancel what is not sent yet", state="hidden")
    page.select_option(".sort", "name")
    soon(lambda: names(page), ["a.md", "b.md", "c.md", "d.md", "z.pdf"])
    page.click(".sending >> text=Hide")
    page.wait_for_selector(".sending", state="hidden")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    window.clean()


def test_a_lock_stands_at_what_only_its_owner_reads(visits: Callable[..., Any]) -> None:
    window = visits("alice")
    page = window.page
    make(page, "Sel")
    page.wait_for_selector(".readers use[href='#i-lock']", state="attached")
    page.click("#to-shelves")
    row = "section:has(h2:text('Yours')) .shelf-row:has-text('Sel')"
    page.wait_for_selector(f"{row} use[href='#i-lock']", state="attached")
    page.wait_for_selector("section:has(h2:text('Yours')) >> text=With a lock: only you.")
    window.clean()


def test_a_table_in_a_text_is_a_table(visits: Callable[..., Any]) -> None:
    window = visits("alice")
    page = window.page
    make(page, "Sel")
    fill_it(window, {"name": "sel.md", "mimeType": "text/markdown", "buffer": TABLE})
    page.click("button.name:has-text('sel.md')")
    page.wait_for_selector(".page-text td:text-is('rantai pernapasan')")
    window.has(".page-text tr", 2)
    page.click("[aria-label='Find in this document']")
    page.fill(".view-find input", "krista")
    page.wait_for_selector(".page-text td mark:text-is('krista')")
    window.clean()
