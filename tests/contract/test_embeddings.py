"""embeddings: which there are, another one in use, with its progress. For admins."""

import pytest

from documents import reembed_work, tasks
from documents.models import ReembedJob
from documents.tests.conftest import *  # noqa: F403  the upload of a file
from documents.tests.test_reembed import embedders, read, sent_jobs  # noqa: F401
from tests.contract.shape import is_paged, is_problem

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/api/v1/embeddings"
ROW = {
    "id",
    "provider",
    "provider_id",
    "name",
    "dimensions",
    "query_prefix",
    "document_prefix",
    "is_current",
    "vectors_count",
    "passages_count",
    "job",
    "created_at",
}
JOB = {
    "id",
    "status",
    "progress",
    "total",
    "done",
    "embedded",
    "seconds_left",
    "error_code",
    "error",
    "objections",
    "approved",
    "retry_at",
    "created_at",
    "finished_at",
}
CURRENT, OTHER = 30000, 30001


def test_list_and_read(api, admin, read):  # noqa: F811
    read(2, "a.txt")
    client = api(admin)
    rows = is_paged(client, PATH, "embeddings", 2)
    assert all(row.keys() == ROW for row in rows)
    assert [row["id"] for row in rows if row["is_current"]] == [CURRENT]
    one = client.get(f"{PATH}/{CURRENT}").json()
    assert one == next(row for row in rows if row["id"] == CURRENT)
    assert one["vectors_count"] == one["passages_count"] > 0 and one["job"] is None
    is_problem(client.get(f"{PATH}/999999"), 404, "not_found")


def test_another_one_in_use_with_progress(api, admin, read):  # noqa: F811
    read(3, "a.txt")
    client = api(admin)
    begun = client.post(f"{PATH}/{OTHER}/use")
    assert begun.status_code == 202 and begun.json().keys() == ROW
    job = begun.json()["job"]
    assert job.keys() == JOB
    assert (job["status"], job["progress"], job["done"]) == ("RUNNING", 0, 0)
    assert begun.json()["is_current"] is False  # the old one serves
    is_problem(client.post(f"{PATH}/{OTHER}/use"), 409)
    is_problem(client.delete(f"{PATH}/{OTHER}"), 409)
    ReembedJob.objects.update(done=job["total"] // 3)
    assert 0 < client.get(f"{PATH}/{OTHER}").json()["job"]["progress"] < 100
    ReembedJob.objects.update(done=0)
    reembed_work.run(ReembedJob.objects.get().pk)
    done = client.get(f"{PATH}/{OTHER}").json()
    assert done["is_current"] and done["vectors_count"] == done["passages_count"]
    assert (done["job"]["status"], done["job"]["progress"]) == ("DONE", 100)
    assert client.get(f"{PATH}/{CURRENT}").json()["is_current"] is False


def test_it_is_stopped(api, admin, read):  # noqa: F811
    read(2, "a.txt")
    client = api(admin)
    is_problem(client.post(f"{PATH}/{OTHER}/cancel"), 409, "not_running")
    client.post(f"{PATH}/{OTHER}/use")
    stopped = client.post(f"{PATH}/{OTHER}/cancel")
    assert (stopped.status_code, stopped.json()["job"]["status"]) == (200, "CANCELED")
    is_problem(client.post(f"{PATH}/{OTHER}/approve"), 409)
    assert client.get(f"{PATH}/{CURRENT}").json()["is_current"]


def test_one_is_registered_and_removed(api, admin, read, monkeypatch):  # noqa: F811
    monkeypatch.setattr(tasks, "enqueue_removal", reembed_work.remove_vectors)
    client = api(admin)
    body = {"provider": "local", "name": "all-MiniLM-L6-v2"}
    made = client.post(PATH, body)
    assert made.status_code == 201 and made.json().keys() == ROW
    assert made.json()["dimensions"] == 384
    assert client.post(PATH, body).status_code == 200  # the same one
    for wrong, field in (
        ({"name": "x"}, "provider"),
        ({"provider": "local"}, "name"),
        ({**body, "dimensions": 0}, "dimensions"),
        ({**body, "dimensions": "many"}, "dimensions"),
        ({**body, "is_current": True}, "is_current"),
    ):
        is_problem(client.post(PATH, wrong), 422, "invalid", field)
    is_problem(client.delete(f"{PATH}/{CURRENT}"), 409, "embedding_in_use")
    assert client.delete(f"{PATH}/{made.json()['id']}").status_code == 202
    is_problem(client.get(f"{PATH}/{made.json()['id']}"), 404, "not_found")


def test_they_are_for_admins(api, alice, bob, read):  # noqa: F811
    for who, status in ((api(alice), 403), (api(bob), 403), (api(), 401)):
        is_problem(who.get(PATH), status)
        is_problem(who.post(PATH, {"provider": "local", "name": "x"}), status)
        is_problem(who.get(f"{PATH}/{CURRENT}"), status)
        is_problem(who.delete(f"{PATH}/{OTHER}"), status)
        for action in ("use", "cancel", "approve"):
            is_problem(who.post(f"{PATH}/{OTHER}/{action}"), status)
