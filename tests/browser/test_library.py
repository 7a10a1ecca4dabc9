"""The library: collections made, shared, read and closed again, and what is done with documents."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from core.testing import person
from documents.collections import create_collection
from documents.models import Collection, Document
from documents.tests.pdfs import make_pdf
from tests.browser.test_journey import PAGES
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

NOTES = {"name": "notes.md", "mimeType": "text/markdown", "buffer": b"# Leaves\n\nDry them."}
READER = {"name": "reader.pdf", "mimeType": "application/pdf", "buffer": make_pdf(PAGES)}
GONE = "text=This collection is not here, or it is not shared with you any more."


@pytest.fixture
def visits(visit: Callable[..., Any]) -> Callable[..., Any]:
    """`visits("bob", width=390)`: a window on the library with bob signed in."""

    def come(name: str, *, role: str = "student", **options: Any) -> Any:
        person(name, role=role)
        window = visit(**options)
        window.sign_in(f"{name}@example.org", "/library/")
        window.page.wait_for_selector(".shelf-bar")
        return window

    return come


def make(page: Any, name: str, description: str = "") -> None:
    page.click("text=New collection")
    page.fill("#ask-name", name)
    page.fill("#ask-words", description)
    page.click("dialog.ask >> text=Make it")
    page.wait_for_selector(f"#title:has-text('{name}')")


def menu(page: Any, button: str, item: str) -> None:
    page.click(button)
    page.click(f"#session-menu:popover-open >> text={item}")


def fill_it(window: Any, *files: dict[str, Any]) -> None:
    window.page.wait_for_selector(".shelf-bar >> text=Add files")
    window.page.set_input_files("#choose", list(files))
    window.has(".file-list [data-status=PROCESSED]", len(files))


def test_a_collection_is_shared_read_and_closed_again(visits: Callable[..., Any]) -> None:
    alice, bob, charlie = visits("alice"), visits("bob"), visits("charlie")
    page = alice.page
    make(page, "Palm-leaf books", "How they were made.")
    page.wait_for_selector("text=Who can read this: Only you")
    fill_it(alice, NOTES, READER)
    address = page.url.removeprefix(alice.address)

    page.click("#share")
    page.fill("#ask-people", "Bob@example.org")
    page.keyboard.press("Enter")
    page.wait_for_selector(".people >> text=bob@example.org")
    page.click("dialog.ask >> text=Save")
    page.wait_for_selector("text=Who can read this: You, bob@example.org")

    bob.go("/library/")
    row = "section:has(h2:text('Shared with you')) .shelf-row"
    bob.page.wait_for_selector(f"{row}:has-text('2 documents · Alice and whom they chose')")
    bob.page.click(row)
    bob.page.click("button.name:has-text('notes.md')")
    bob.page.wait_for_selector(".page-text:has-text('Dry them.')")
    bob.page.keyboard.press("Escape")
    assert bob.page.locator("text=Add files").count() == 0
    bob.page.click("[aria-label='More for “notes.md”']")
    opened = bob.page.locator("#session-menu:popover-open")
    soon(lambda: opened.inner_text().split(), ["Open", "Download"])
    bob.page.keyboard.press("Escape")
    for reader, there in ((bob, 2), (charlie, 0)):
        reader.go(address)
        reader.page.wait_for_selector(".readers" if there else GONE)
        reader.has(".file-list .file", there)

    page.click("#share")
    page.click("dialog.ask >> text=Stop sharing")
    page.wait_for_selector("text=Who can read this: Only you")
    bob.page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    bob.page.wait_for_selector(GONE)
    bob.go("/library/")
    bob.page.wait_for_selector(".shelf-list")
    bob.has("text=Palm-leaf books", 0)
    alice.clean()
    for refused in (bob, charlie):
        refused.errors = [error for error in refused.errors if "404" not in error]
        refused.clean()


def test_documents_are_found_moved_and_deleted(visits: Callable[..., Any]) -> None:
    window = visits("alice")
    page = window.page
    create_collection(actor=User.objects.get(email="alice@example.org"), name="Drafts")
    make(page, "Palm-leaf books")
    fill_it(window, NOTES, READER)
    page.fill("[aria-label='Find a document']", "read")
    window.has(".file-list .file", 1)
    page.fill("[aria-label='Find a document']", "no such thing")
    page.wait_for_selector("text=No document here has “no such thing” in its name.")
    page.fill("[aria-label='Find a document']", "")
    window.has(".file-list .file", 2)

    menu(page, "[aria-label='More for “notes.md”']", "Move to another collection")
    page.select_option("#ask-target", label="Drafts")
    page.click("dialog.ask >> text=Move >> nth=-1")
    window.has(".file-list .file", 1)
    moved = Document.objects.filter(original_filename="notes.md", collection__name="Drafts")
    soon(moved.exists)

    menu(page, "[aria-label='More for “reader.pdf”']", "Read it again")
    page.wait_for_selector(".file-list [data-status=PROCESSED]")
    menu(page, "[aria-label='More for “reader.pdf”']", "Delete")
    page.click("dialog.ask .danger")
    page.wait_for_selector("text=No documents yet. Choose files")
    page.click("#to-shelves")
    page.wait_for_selector(".shelf-row:has-text('Drafts') >> text=1 document · Only you")
    window.clean()


@pytest.mark.parametrize(("choice", "left"), [("Keep", 1), ("Delete too", 0)])
def test_deleting_asks_what_becomes_of_the_documents(
    visits: Callable[..., Any], choice: str, left: int
) -> None:
    window = visits("alice")
    page = window.page
    make(page, "Palm-leaf books")
    menu(page, "[aria-label='More for this collection']", "Name and description")
    page.fill("#ask-name", "Books")
    page.keyboard.press("Enter")
    page.wait_for_selector("#title:text-is('Books')")
    fill_it(window, NOTES)
    menu(page, "[aria-label='More for this collection']", "Delete")
    page.click(f"dialog.ask >> text={choice}")
    page.click("dialog.ask .danger")
    page.wait_for_selector("#connection >> text=“Books” is deleted.")
    window.has(".shelf-row:has-text('Books')", 0)
    soon(Document.objects.count, left)
    assert not Collection.objects.filter(name="Books").exists()
    window.clean()


@pytest.mark.parametrize("width", [1280, 390])
def test_by_keyboard_alone(visits: Callable[..., Any], width: int) -> None:
    window = visits("alice", width=width)
    page = window.page
    page.focus(".shelf-bar .button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask-name:focus")
    page.keyboard.type("Palm-leaf books")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Who can read this: Only you")
    page.wait_for_selector("#title:focus")  # it is all there, and the keyboard begins at its head
    page.focus("#share")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask-people:focus")
    page.keyboard.type("not an address")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert len(page.wait_for_selector("dialog.ask .errors:not(:empty)").inner_text()) > 20
    page.keyboard.press("Escape")
    window.has("dialog", 0)
    page.wait_for_selector("#share:focus")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    window.errors = [error for error in window.errors if "422" not in error]
    window.clean()
