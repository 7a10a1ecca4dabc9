"""evaluations: questions, runs, their misses, two runs compared. For admins."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.ids import new_id
from rag import tasks
from rag.evaluation import work
from rag.tests.library import collection, direction, document, embedding_model
from tests.contract.shape import is_paged, is_problem

pytestmark = pytest.mark.django_db(transaction=True)
SETS = "/api/v1/evaluations"
SET = {"id", "name", "collection_id", "questions_count", "created_at"}
RUN = {
    "id",
    "evaluation_id",
    "settings",
    "purpose",
    "status",
    "total",
    "done",
    "error_code",
    "measures",
    "created_at",
    "finished_at",
}
SHEET = "question,document,page\nWhy green?,notes.txt,1\nWhat of xylophones here?,notes.txt,2\n"


@pytest.fixture
def shelf(admin, monkeypatch):
    async def query_vector(_model, text, _caller=None):
        return direction(len(text.split()))

    monkeypatch.setattr("rag.search.query_vector", query_vector)
    monkeypatch.setattr(tasks.evaluate, "apply_async", lambda args, **_options: None)
    embedding_model()
    where = collection(None)
    texts = ["Leaves are green by chlorophyll.", "The heart pumps blood."]
    document(where, admin, "notes.txt", texts, [2, 3])
    return where


@pytest.fixture
def made(api, admin, shelf):
    body = {"name": "Exam", "collection_id": str(shelf.pk), "questions": SHEET}
    answer = api(admin).post(SETS, body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_upload_list_read_and_delete(api, admin, shelf, made):
    client = api(admin)
    assert made.keys() == SET
    assert (made["name"], made["questions_count"]) == ("Exam", 2)
    form = {"collection_id": str(shelf.pk), "file": SimpleUploadedFile("q.csv", SHEET.encode())}
    second = Client.post(client, SETS, {**form, "name": "As a file"})
    assert (second.status_code, second.json()["questions_count"]) == (201, 2)
    rows = is_paged(client, SETS, "evaluations", 2)
    assert [row["name"] for row in rows] == ["As a file", "Exam"]  # newest first
    detail = client.get(f"{SETS}/{made['id']}").json()
    assert detail.keys() == SET | {"runs"} and detail["runs"] == []
    gone = client.delete(f"{SETS}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    is_problem(client.get(f"{SETS}/{made['id']}"), 404, "not_found")


def test_a_preview_keeps_nothing_and_names_each_bad_line(api, admin, shelf):
    bad = SHEET + "Why red?,nowhere.txt,1\nWhy blue?,notes.txt,9\n"
    body = {"collection_id": str(shelf.pk), "questions": bad}
    shown = api(admin).post(SETS, {**body, "preview": True})
    assert (shown.status_code, shown.json().keys()) == (200, {"questions", "errors"})
    assert len(shown.json()["questions"]) == 2
    assert [row["line"] for row in shown.json()["errors"]] == [4, 5]
    assert api(admin).get(SETS).json()["total"] == 0


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"collection_id": None}, 422, "collection_id"),
        ({"collection_id": "x"}, 422, "collection_id"),
        ({"collection_id": str(new_id())}, 404, ""),
        ({"questions": ""}, 422, ""),
        ({"questions": "no table"}, 422, ""),
        ({"preview": "yes"}, 422, "preview"),
        ({"folder": "x"}, 422, "folder"),
    ],
)
def test_what_cannot_be_uploaded(api, admin, shelf, change, status, field):
    body = {"collection_id": str(shelf.pk), "questions": SHEET, **change}
    is_problem(api(admin).post(SETS, body), status, "", field)


def test_a_run_its_misses_results_and_comparison(api, admin, made):
    client, path = api(admin), f"{SETS}/{made['id']}/runs"
    begun = client.post(path, {"top_k": 3})
    assert begun.status_code == 202 and begun.json().keys() == RUN
    assert (begun.json()["status"], begun.json()["total"]) == ("RUNNING", 2)
    assert begun.json()["settings"]["top_k"] == 3
    run = begun.json()["id"]
    while work.work(run):
        pass
    done = client.get(f"{SETS}/runs/{run}").json()
    assert done.keys() == RUN | {"misses", "missing_documents"}
    assert (done["status"], done["done"], done["missing_documents"]) == ("DONE", 2, [])
    assert done["measures"]["hit@1"].keys() == {"mean", "low", "high"}
    assert done["measures"].keys() >= {"hit@1", "hit@5", "mrr@10", "ndcg@10"}
    table = client.get(f"{SETS}/runs/{run}/results")
    assert table.headers["Content-Type"].startswith("text/csv")
    assert table.headers["Content-Disposition"].startswith("attachment")
    assert len(table.content.decode().strip().splitlines()) == 3
    other = client.post(path, {"top_k": 5, "ranking": "words"}).json()["id"]
    is_problem(client.get(f"{SETS}/runs/{run}/against/{other}"), 409)  # not done yet
    while work.work(other):
        pass
    told = client.get(f"{SETS}/runs/{run}/against/{other}").json()
    assert told.keys() == {"first", "second", "questions", "verdict", "sentence", "differences"}
    assert told["first"]["id"] == run and told["questions"] == 2
    listed = client.get(f"{SETS}/{made['id']}").json()["runs"]
    assert [row["id"] for row in listed] == [other, run]


def test_a_run_is_stopped(api, admin, made):
    client = api(admin)
    run = client.post(f"{SETS}/{made['id']}/runs").json()["id"]
    assert client.delete(f"{SETS}/runs/{run}").status_code == 204
    assert client.get(f"{SETS}/runs/{run}").json()["status"] == "CANCELED"


@pytest.mark.parametrize(
    "body", [{"top_k": 0}, {"top_k": 21}, {"ranking": "luck"}, {"embedding_id": 999_999}]
)
def test_a_run_takes_what_there_is(api, admin, made, body):
    answer = api(admin).post(f"{SETS}/{made['id']}/runs", body)
    is_problem(answer, 422, "invalid", next(iter(body)))


def test_they_are_for_admins(api, alice, bob, made):
    addresses = (SETS, f"{SETS}/{made['id']}", f"{SETS}/runs/{new_id()}")
    for who, status in ((api(alice), 403), (api(bob), 403), (api(), 401)):
        for path in addresses:
            is_problem(who.get(path), status)
        is_problem(who.post(SETS, {}), status)
        is_problem(who.post(f"{SETS}/{made['id']}/runs"), status)
        is_problem(who.delete(f"{SETS}/{made['id']}"), status)
