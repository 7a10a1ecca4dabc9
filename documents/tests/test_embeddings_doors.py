"""Embedding models by API, admin page and command."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from core.testing import person
from documents import reembed, reembed_work, tasks
from documents.models import ChunkVector, ReembedJob
from documents.tests.test_reembed import embedders, read, sent_jobs  # noqa: F401
from llm.models import EmbeddingModel

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/api/v1/embeddings"
LIST = "/admin/llm/embeddingmodel/"


def test_the_whole_way_by_api(admin: Any, api: Any, read: Any, monkeypatch: Any) -> None:  # noqa: F811
    document = read(3, "a.txt")
    client = api(admin)
    listed = client.get(BASE).json()
    assert listed["total"] == 2
    rows = {row["id"]: row for row in listed["embeddings"]}
    assert (
        rows[30000]["is_current"] and rows[30000]["vectors_count"] == rows[30000]["passages_count"]
    )
    assert rows[30001]["vectors_count"] == 0 and rows[30001]["job"] is None
    answer = client.post(f"{BASE}/30001/use")
    assert answer.status_code == 202 and answer.json()["job"]["status"] == "RUNNING"
    assert client.post(f"{BASE}/30001/use").status_code == 409
    assert client.post(f"{BASE}/30001/cancel").json()["job"]["status"] == "CANCELED"
    assert client.post(f"{BASE}/30001/cancel").json()["code"] == "not_running"
    client.post(f"{BASE}/30001/use")
    reembed_work.run(ReembedJob.objects.get(status="RUNNING").id)
    done = client.get(f"{BASE}/30001").json()
    assert done["is_current"] and done["job"]["progress"] == 100
    assert done["job"]["done"] == document.chunks.count()
    monkeypatch.setattr(tasks, "enqueue_removal", reembed_work.remove_vectors)
    assert client.delete(f"{BASE}/30001").json()["code"] == "embedding_in_use"
    assert client.delete(f"{BASE}/30000").status_code == 202
    assert client.get(f"{BASE}/30000").status_code == 404


def test_registering_checks_what_is_sent(admin: Any, api: Any, embedders: Any) -> None:  # noqa: F811
    client = api(admin)
    for body in (
        {},
        {"provider": "local"},
        {"provider": "local", "name": "other"},
        {"provider": "local", "name": "all-MiniLM-L6-v2", "dimensions": 100},
        {"provider": "nobody", "name": "m"},
        {"provider": "local", "name": "all-MiniLM-L6-v2", "dimensions": "many"},
    ):
        answer = client.post(BASE, body, content_type="application/json")
        assert answer.status_code == 422 and answer.json()["errors"], body
    body = {"provider": "local", "name": "all-MiniLM-L6-v2"}
    first = client.post(BASE, body, content_type="application/json")
    again = client.post(BASE, body, content_type="application/json")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["dimensions"] == 384 and first.json()["id"] == again.json()["id"]


def test_without_a_broker_a_removal_is_refused(
    admin: Any,
    api: Any,
    embedders: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "enqueue_removal", lambda _id: False)
    assert api(admin).delete(f"{BASE}/30001").status_code == 503


def test_the_admin_pages_show_and_do_it(admin: Any, api: Any, read: Any) -> None:  # noqa: F811
    read(3, "a.txt")
    client = api(admin)
    page = _form(client, LIST, {"action": "use", "_selected_action": ["30001"]}, follow=True)
    assert "is being prepared" in page.content.decode() and "<progress" in page.content.decode()
    for path in (LIST, f"{LIST}30001/change/", "/admin/documents/reembedjob/", f"{LIST}add/"):
        assert client.get(path).status_code == 200, path
    page = _form(client, LIST, {"action": "use", "_selected_action": ["30000"]}, follow=True)
    assert "in use already" in page.content.decode()
    job = ReembedJob.objects.get()
    assert client.get(f"/admin/documents/reembedjob/{job.pk}/change/").status_code == 200
    _form(client, LIST, {"action": "cancel", "_selected_action": ["30001"]})
    job.refresh_from_db()
    assert job.status == "CANCELED"


def test_the_admin_form_checks_the_model(admin: Any, api: Any, embedders: Any) -> None:  # noqa: F811
    client = api(admin)
    form = {"source": "local", "name": "other", "dimensions": ""}
    page = _form(client, f"{LIST}add/", form)
    assert page.status_code == 200 and "there is only" in page.content.decode()
    form["name"] = "all-MiniLM-L6-v2"
    assert _form(client, f"{LIST}add/", form).status_code == 302
    assert EmbeddingModel.objects.filter(dimensions=384).count() == 1
    assert _form(client, f"{LIST}add/", form).status_code == 302, "the same again is no error"


def test_the_command(read: Any) -> None:  # noqa: F811
    with pytest.raises(CommandError, match="superadmin"):
        call_command("embeddings", "list")
    person("root", role="superadmin")
    read(2, "a.txt")
    assert "* 30000" in run("list") and "RUNNING" not in run("list")
    with pytest.raises(CommandError, match="in use already"):
        run("use", "30000")
    run("use", "30001")
    run("cancel", "30001")
    assert "DONE" in run("use", "30001", "--here")
    assert "* 30001" in run("list")
    assert ChunkVector.objects.filter(embedding_model=30001).exists()
    assert "384" in run("register", "local", "all-MiniLM-L6-v2")


def test_errors_are_told_in_sentences(embedders: Any) -> None:  # noqa: F811
    for code in ("auth", "spent", "malformed", "internal", "other_dimensions", "budget", "x"):
        assert len(reembed.error_of(ReembedJob(error_code=code))) > 20
    assert reembed.error_of(ReembedJob()) == ""


def run(*words: str) -> str:
    out = StringIO()
    call_command("embeddings", *words, stdout=out)
    return out.getvalue()


def _form(client: Any, path: str, data: dict[str, Any], **options: Any) -> Any:
    return Client.post(client, path, data, **options)
