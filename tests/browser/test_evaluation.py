"""A lecturer's questions: from a table with mistakes to what was missed and two runs compared."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from core.testing import person
from documents.services import upload
from documents.tests.pdfs import make_pdf
from rag import tasks
from rag.models import EvaluationRun
from tests.browser.test_journey import PAGES
from tests.browser.waiting import leads_on

pytestmark = [pytest.mark.browser]

QUESTIONS = [
    ("What is this reader about?", 1),
    ("When were the leaves cut?", 2),
    ("What were the leaves boiled with?", 2),
    ("How long were they pressed?", 2),
    ("What did scribes write with?", 3),
    ("How did the letters become visible?", 3),
    ("What was rubbed into the scratches?", 3),
    ("What held the leaves?", 3),
    ("Where were books kept?", 4),
    ("What kept insects away?", 4),
]
TABLE = "question,document,page\n" + "".join(
    f"{question},reader.pdf,{page}\n" for question, page in QUESTIONS
)


@pytest.fixture
def at_once(workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.evaluate, "apply_async", workers.take(tasks.evaluate))


@pytest.mark.parametrize(
    ("width", "locale", "scheme"), [(1280, "en-GB", "light"), (390, "id-ID", "dark")]
)
def test_ten_questions_are_asked_and_two_runs_compared(
    visit: Callable[..., Any], workers: Any, at_once: None, width: int, locale: str, scheme: str
) -> None:
    admin = person("admin", role="admin")
    window = visit(width=width, locale=locale, color_scheme=scheme)
    page = window.page
    window.sign_in("admin@example.org", "")

    def bring(_task: Any) -> None:
        upload(actor=admin, file=BytesIO(make_pdf(PAGES)), name="reader.pdf")

    # In a thread, as this one has Playwright's loop.
    workers.take(bring)([""])
    workers.finish()

    window.go("/admin/rag/evaluationset/add/")
    page.fill("[name=name]", "Exam")
    page.select_option("[name=collection]", index=1)
    _look(page, TABLE.replace("pdf,4", "pdf,40"))
    wrong = page.locator(".errornote li").all_inner_texts()
    assert [line.split(":")[0].split()[-1] for line in wrong] == ["10", "11"]
    assert page.locator("[name=keep]").count() == 0
    _look(page, TABLE)
    assert page.locator("#content tbody tr").count() == 10
    leads_on(page, "[name=keep]")
    page.wait_for_selector(".evaluation-asked")

    for ranking in ("vectors", "words"):
        page.select_option("[name=ranking]", ranking)
        leads_on(page, "#content .submit-row input")
        page.wait_for_selector(".messagelist .success")
        workers.finish()
        page.goto(page.url)
    assert EvaluationRun.objects.filter(status="DONE", done=10).count() == 2
    # The last two are chosen already: the older first.
    leads_on(page, "form[method=get] button")
    page.wait_for_selector("#compared")
    assert page.locator("[aria-labelledby=compared] tbody tr").count() == 5
    _fits(page, width)
    leads_on(page, ".evaluation-runs tbody a >> nth=0")
    page.wait_for_selector(".evaluation-totals")
    _fits(page, width)
    page.wait_for_selector("#misses")
    window.clean()


def _look(page: Any, table: str) -> None:
    page.set_input_files(
        "[name=file]", {"name": "exam.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    leads_on(page, "[name=look]")
    page.wait_for_selector(".errornote, .evaluation-said")


def _fits(page: Any, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "-----" not in page.inner_text("#content")


ADMIN_PAGES = [
    "documents/collection/",
    "documents/collection/add/",
    "documents/document/",
    "documents/websource/",
    "documents/websource/add/",
    "documents/knowledgeentry/",
    "documents/knowledgeentry/add/",
    "documents/knowledgeentry/import/",
    "documents/uploadquota/",
    "documents/uploadquota/add/",
    "documents/reembedjob/",
    "llm/embeddingmodel/",
    "llm/embeddingmodel/add/",
    "rag/evaluationset/",
    "rag/evaluationset/add/",
    "rag/evaluationrun/",
]


def test_pages_of_material_fit_a_phone(visit: Callable[..., Any]) -> None:
    person("admin", role="admin")
    window = visit(width=390, locale="id-ID")
    window.sign_in("admin@example.org", "")
    for path in ADMIN_PAGES:
        window.go(f"/admin/{path}")
        _fits(window.page, 390)
    window.clean()
