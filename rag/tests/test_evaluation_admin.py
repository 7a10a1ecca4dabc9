"""The pages of evaluations, as a lecturer goes through them."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents.models import Collection, Document
from rag import tasks
from rag.evaluation import work
from rag.models import EvaluationRun, EvaluationSet
from rag.tests.test_evaluation import CSV, axes, shelf

__all__ = ["axes", "shelf"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(admin: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(tasks, "enqueue", lambda run_id: None)
    client = Client()
    client.force_login(admin)
    return client


def send(page: Client, where: Collection, text: str, button: str) -> Any:
    body = {"name": "Exam", "collection": str(where.pk), "text": text, button: "1"}
    return page.post("/admin/rag/evaluationset/add/", body)


def test_questions_are_looked_at_run_missed_and_compared(page: Client, shelf: Collection) -> None:
    wrong = send(page, shelf, CSV.replace("a.txt", "gone.txt"), "keep").content.decode()
    assert "Line 2: There is no document “gone.txt”" in wrong
    looked = send(page, shelf, CSV, "look").content.decode()
    assert "3 questions were read." in looked and not EvaluationSet.objects.exists()
    kept = send(page, shelf, CSV, "keep")
    asked = EvaluationSet.objects.get()
    address = f"/admin/rag/evaluationset/{asked.pk}/change/"
    assert kept["Location"] == address and asked.questions.count() == 3
    for top_k in ("1", "10"):
        page.post(address, {"top_k": top_k, "ranking": "fused", "embedding_model": ""})
        work.work(EvaluationRun.objects.first().pk)
    second, first = EvaluationRun.objects.all()
    shown = page.get(address, {"first": first.pk, "second": second.pk}).content.decode()
    assert "nDCG@10" in shown and "hit@1" in shown
    run = page.get(f"/admin/rag/evaluationrun/{first.pk}/change/").content.decode()
    document = Document.objects.get(original_filename="a.txt")
    assert "Xylophone?" in run and f"?open={document.pk}&amp;page=1" in run
    rows = page.get(f"/admin/rag/evaluationrun/{first.pk}/results.csv").content.decode()
    assert "Sugar?" in rows
    for path in ("evaluationset", "evaluationrun"):
        assert page.get(f"/admin/rag/{path}/").status_code == 200


def test_what_is_not_there_leads_back(page: Client) -> None:
    for path in ("evaluationset", "evaluationrun"):
        answer = page.get(f"/admin/rag/{path}/{'0' * 8}-0000-0000-0000-{'0' * 12}/change/")
        assert answer.status_code == 302
