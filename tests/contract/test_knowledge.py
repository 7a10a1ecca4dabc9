"""sources/web and knowledge: for admins."""

import pytest

from core.ids import new_id
from documents import tasks
from documents.collections import default_collection
from tests.contract.shape import JSON, is_paged, is_problem

pytestmark = pytest.mark.django_db
WEB, KNOWLEDGE = "/api/v1/sources/web", "/api/v1/knowledge"
SOURCE = {"id", "kind", "url", "domain", "collection_id", "refresh", "status", "created_at"}
ENTRY = {"id", "question", "answer", "category", "tags", "language", "collection_id", "document_id"}


@pytest.fixture(autouse=True)
def nobody_reads(monkeypatch):
    default_collection()
    for name in ("enqueue", "enqueue_web"):
        monkeypatch.setattr(tasks, name, lambda *args, **options: True)


def test_web_sources(api, alice, admin):
    client = api(admin)
    made = client.post(WEB, {"url": "https://example.org/"})
    assert made.status_code == 201 and made.json().keys() >= SOURCE
    client.post(WEB, {"url": "https://example.com/"})
    rows = is_paged(client, WEB, "sources", 2)
    assert all(row.keys() >= SOURCE for row in rows)
    path = f"{WEB}/{made.json()['id']}"
    assert client.get(path).json().keys() >= SOURCE | {"pages"}
    changed = client.patch(path, {"refresh": "daily"}, content_type=JSON)
    assert (changed.status_code, changed.json()["refresh"]) == (200, "daily")
    is_problem(client.post(WEB, {"url": "javascript:alert(1)"}), 422)
    is_problem(client.get(f"{WEB}/{new_id()}"), 404, "not_found")
    for who, status in ((api(alice), 403), (api(), 401)):
        is_problem(who.get(WEB), status)
        is_problem(who.post(WEB, {"url": "https://example.org/x"}), status)
    assert client.delete(path).status_code == 204


def test_questions_and_answers(api, alice, admin):
    client = api(admin)
    body = {"question": "Why?", "answer": "So.", "category": "Cells", "tags": ["exam"]}
    made = client.post(KNOWLEDGE, body)
    assert made.status_code == 201 and made.json().keys() >= ENTRY
    client.post(KNOWLEDGE, {"question": "When?", "answer": "Now."})
    rows = is_paged(client, KNOWLEDGE, "knowledge", 2)
    assert all(row.keys() >= ENTRY for row in rows)
    assert client.get(KNOWLEDGE, {"tag": "exam"}).json()["total"] == 1
    path = f"{KNOWLEDGE}/{made.json()['id']}"
    changed = client.patch(path, {"answer": "Therefore."}, content_type=JSON)
    assert (changed.status_code, changed.json()["answer"]) == (200, "Therefore.")
    is_problem(client.post(KNOWLEDGE, {"question": "Why?"}), 422, "invalid", "answer")
    for who, status in ((api(alice), 403), (api(), 401)):
        is_problem(who.get(KNOWLEDGE), status)
        is_problem(who.get(path), status)
    assert client.delete(path).status_code == 204
