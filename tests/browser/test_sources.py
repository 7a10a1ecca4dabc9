"""Web pages and answered questions, from an administrator's form to a student's citation."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.testing import person
from documents.knowledge.models import KnowledgeEntry
from documents.models import Document, WebSource
from documents.tests.web_server import Site, serving
from llm.messages import ToolCall
from tests.browser.waiting import leads_on

pytestmark = [pytest.mark.browser]

GLOW = "The firefly glows because luciferin meets oxygen in its lantern."
LARVAE = "The larvae glow as well, to warn whoever wants to eat them."
PAGE = """<!doctype html><html lang="en"><head><title>Fireflies</title></head><body>
<nav><a href="/about">About us</a></nav><main><h1>Fireflies</h1>{}</main></body></html>"""
TABLE = (
    "question,answer,category,tags\n"
    'Who teaches zoology?,"Dr. Sari teaches zoology, in room B2.",Staff,"people, rooms"\n'
    "There is no answer here,,,\n"
    "Where is the lab?,The lab is in building C.,Places,rooms\n"
    "who teaches  ZOOLOGY?,Somebody else.,,\n"
)


def paragraphs(*texts: str) -> str:
    return PAGE.format("".join(f"<p>{text}</p>" for text in texts))


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    """A web server of this machine, which the operator has allowed by name."""
    with serving() as site:
        settings.WEB_SOURCES_ALLOW = [f"127.0.0.1:{site.port}"]
        settings.WEB_SOURCES_PAUSE = 0
        yield site


@pytest.fixture
def lecturer(visit: Callable[..., Any]) -> Any:
    """A window with an administrator signed in."""
    person("admin", role="admin")
    window = visit()
    window.sign_in("admin@example.org", "")
    return window


def save(page: Any) -> str:
    leads_on(page, "[name=_save]")
    page.wait_for_selector(".messagelist, .errorlist")
    return str(page.inner_text(".messagelist, .errorlist"))


def test_a_web_page_is_added_cited_and_read_again(
    lecturer: Any, alice_visits: Callable[..., Any], site: Site, workers: Any, play: Any
) -> None:
    site.put("/fireflies", paragraphs(GLOW))
    address = f"http://127.0.0.1:{site.port}/fireflies"
    page = lecturer.page
    lecturer.go("/admin/documents/websource/add/")
    page.select_option("[name=collection]", index=1)
    page.fill("[name=url]", "http://10.0.0.1/")
    assert "private" in save(page)
    page.fill("[name=url]", address)
    assert address in save(page)
    workers.finish()
    page.reload()
    row = page.inner_text("#result_list tbody tr")
    assert address in row and "Ready" in row
    lecturer.clean()

    alice = alice_visits()
    play([ToolCall("1", "document_search", {"query": "firefly glow"})], [f"“{GLOW}” [1]"])
    alice.ask("Why does the firefly glow?")
    alice.page.wait_for_selector(".answer .cite")
    link = alice.page.locator(".source-list a.web").first
    assert link.get_attribute("href") == address
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"
    _opens(alice.page, GLOW)

    site.put("/fireflies", paragraphs(LARVAE, GLOW))
    lecturer.go("/admin/documents/websource/")
    page.check("#result_list [name=_selected_action]")
    page.select_option("[name=action]", label="Read again now")
    leads_on(page, "button[name=index]")
    page.wait_for_selector(".messagelist >> text=is queued")
    workers.finish()
    assert WebSource.objects.get().status == "READY" and Document.objects.count() == 1

    play([ToolCall("2", "document_search", {"query": "larvae glow"})], [f"“{LARVAE}” [1]"])
    alice.ask("And the larvae?")
    alice.answered()
    alice.page.wait_for_selector(".answer:last-child .cite")
    _opens(alice.page, LARVAE, ".answer:last-child ")
    # What was cited before has moved down the page, and is found there.
    _opens(alice.page, GLOW)
    alice.clean()


def _opens(page: Any, passage: str, answer: str = ".answer >> nth=0 >> ") -> None:
    page.click(f"{answer}.cite")
    page.wait_for_selector(f".page-text mark:has-text('{passage.rstrip('.')}')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#pane", state="hidden")


def test_questions_and_answers_come_go_and_are_cited(
    lecturer: Any, alice_visits: Callable[..., Any], workers: Any, play: Any
) -> None:
    page = lecturer.page
    lecturer.go("/admin/documents/knowledgeentry/add/")
    page.fill("[name=question]", "When is the zoology exam?")
    page.fill("[name=answer]", "The zoology exam is on 3 June in room B2. Bring a pen.")
    page.fill("[name=tags]", "exam, date")
    page.select_option("[name=collection]", index=1)
    assert "When is the zoology exam?" in save(page)

    leads_on(page, "text=Import CSV")
    page.set_input_files(
        "[name=file]", {"name": "faq.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    )
    page.select_option("[name=collection]", index=1)
    leads_on(page, "text=Look at the file")
    bad = page.wait_for_selector(".errorlist").inner_text().splitlines()
    assert [line.split(":")[0] for line in bad] == ["Line 3", "Line 5"]
    assert "no answer" in bad[0] and "earlier line" in bad[1]
    assert page.locator("#content tbody tr").count() == 2
    assert KnowledgeEntry.objects.count() == 1
    leads_on(page, "text=Import these lines")
    page.wait_for_selector(".messagelist >> text=2 new, 0 changed, 2 lines left out.")
    workers.finish()
    page.reload()
    rows = page.locator("#result_list tbody tr").all_inner_texts()
    assert len(rows) == 3 and all("Ready" in row for row in rows)
    with page.expect_download() as download:
        page.click("text=Export CSV")
    table = Path(download.value.path()).read_text("utf-8-sig")
    assert '"Dr. Sari teaches zoology, in room B2."' in table and "exam, date" in table
    lecturer.clean()

    alice = alice_visits()
    said = "The zoology exam is on 3 June in room B2."
    play([ToolCall("1", "document_search", {"query": "zoology exam date"})], [f"“{said}” [1]"])
    alice.ask("When is the exam?")
    alice.page.wait_for_selector(".answer .cite")
    alice.page.wait_for_selector(".source-list >> text=Q&A: When is the zoology exam?")
    assert alice.page.locator(".source-list a.web").count() == 0
    _opens(alice.page, said)
    alice.clean()
