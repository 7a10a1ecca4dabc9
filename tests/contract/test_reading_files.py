"""files/{id}: its pages, finding in it, reading it anew, trying again, stopping, moving; quota."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.ids import new_id
from documents import tasks
from documents.collections import default_collection
from documents.models import Document
from tests.contract.shape import JSON, is_problem, same_404
from tests.contract.test_files import ROW
from tests.world import PAGE_TEXT, build

pytestmark = pytest.mark.django_db
FILES = "/api/v1/files"
PAGE = {
    "number",
    "text",
    "width",
    "height",
    "rects",
    "start",
    "end",
    "page_count",
    "unit",
    "label",
}
ACTIONS = ("reprocess", "retry", "cancel")


@pytest.fixture(autouse=True)
def nobody_reads(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(tasks, "enqueue", lambda *args, **options: True)


@pytest.fixture
def hers(alice):
    return build(alice).document


@pytest.fixture
def path(hers):
    return f"{FILES}/{hers.pk}"


def test_a_page_and_the_words_of_a_chunk(api, alice, hers, path):
    client = api(alice)
    page = client.get(f"{path}/pages/1").json()
    assert page.keys() == PAGE
    assert (page["number"], page["text"], page["page_count"]) == (1, PAGE_TEXT, 1)
    assert (page["rects"], page["start"], page["end"]) == ([], None, None)
    chunk = hers.chunks.get()
    marked = client.get(f"{path}/pages/1", {"chunk": chunk.pk}).json()
    assert (marked["start"], marked["end"]) == (0, len(PAGE_TEXT))
    part = client.get(f"{path}/pages/1", {"start": 4, "end": 9}).json()
    assert (part["start"], part["end"]) == (4, 9)
    for number in (0, 2, 10**9):
        is_problem(client.get(f"{path}/pages/{number}"), 404, "not_found")
    for name, value in (("chunk", "x"), ("chunk", 0), ("start", -1), ("end", "x")):
        is_problem(client.get(f"{path}/pages/1", {name: value}), 422, "invalid", name)


def test_a_chunk_of_another_document_is_none(api, alice, bob, path):
    theirs = build(bob, number=1).document.chunks.get()
    for chunk in (theirs.pk, 10**15):
        answer = api(alice).get(f"{path}/pages/1", {"chunk": chunk})
        is_problem(answer, 404, "not_found")


def test_find(api, alice, path):
    body = api(alice).get(f"{path}/search", {"q": "glows"}).json()
    assert body.keys() == {"query", "total", "truncated", "matches"}
    assert (body["query"], body["total"], body["truncated"]) == ("glows", 1, False)
    (match,) = body["matches"]
    assert match.keys() == {"page", "start", "end", "before", "match", "after"}
    assert PAGE_TEXT[match["start"] : match["end"]] == match["match"] == "glows"
    assert api(alice).get(f"{path}/search", {"q": "absent"}).json()["total"] == 0
    for query in ({}, {"q": "x"}, {"q": "x" * 201}):
        is_problem(api(alice).get(f"{path}/search", query), 422, "invalid", "q")


def test_read_anew(api, alice, hers, path):
    answer = api(alice).post(f"{path}/reprocess")
    assert answer.status_code == 202 and answer.json().keys() >= ROW
    assert answer.json()["status"] == "UPLOADED"
    Document.objects.filter(pk=hers.pk).update(status="PROCESSING")
    is_problem(api(alice).post(f"{path}/reprocess"), 409, "conflict")


def test_try_again_what_failed_and_only_that(api, alice, hers, path):
    is_problem(api(alice).post(f"{path}/retry"), 409, "not_failed")
    Document.objects.filter(pk=hers.pk).update(status="FAILED", error_code="timeout")
    answer = api(alice).post(f"{path}/retry")
    assert (answer.status_code, answer.json()["status"]) == (202, "UPLOADED")
    assert (answer.json()["error_code"], answer.json()["error"]) == ("", "")


def test_stop_what_waits_or_is_read_and_only_that(api, alice, hers, path):
    """What was read before can be read as before; what never was has failed."""
    is_problem(api(alice).post(f"{path}/cancel"), 409, "not_running")
    Document.objects.filter(pk=hers.pk).update(status="PROCESSING")
    answer = api(alice).post(f"{path}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "PROCESSED")
    assert answer.json().keys() >= ROW
    new = Client.post(api(alice), f"{FILES}/upload", {"file": SimpleUploadedFile("b.txt", b"B.")})
    stopped = api(alice).post(f"{FILES}/{new.json()['id']}/cancel")
    assert (stopped.status_code, stopped.json()["status"]) == (202, "FAILED")
    assert stopped.json()["error_code"] and stopped.json()["error"]


def test_move(api, alice, bob, hers, path):
    client = api(alice)
    mine = client.post("/api/v1/collections", {"name": "Notes"}).json()["id"]
    moved = client.patch(path, {"collection_id": mine}, content_type=JSON)
    assert moved.status_code == 200, moved.content
    assert moved.json()["collection_id"] == mine
    his = api(bob).post("/api/v1/collections", {"name": "His"}).json()["id"]
    answers = [
        client.patch(path, {"collection_id": one}, content_type=JSON)
        for one in (his, str(new_id()))
    ]
    assert is_problem(answers[0], 404, "not_found") == answers[1].json()
    is_problem(client.patch(path, {}, content_type=JSON), 422, "invalid", "collection_id")
    wrong = client.patch(path, {"collection_id": mine, "title": "x"}, content_type=JSON)
    is_problem(wrong, 422, "invalid", "title")


def test_whose_it_is_not(api, alice, bob, charlie, path):
    nowhere = f"{FILES}/{new_id()}"
    for other in (bob, charlie):
        client = api(other)
        for part in ("/pages/1", "/search?q=glows"):
            same_404(client, "get", (path + part, nowhere + part))
        for action in ACTIONS:
            same_404(client, "post", (f"{path}/{action}", f"{nowhere}/{action}"))
        same_404(client, "patch", (path, nowhere), {"collection_id": str(new_id())})
    for part in ("/pages/1", "/search?q=glows"):
        is_problem(api().get(path + part), 401, "not_authenticated")
    for action in ACTIONS:
        is_problem(api().post(f"{path}/{action}"), 401, "not_authenticated")


def test_who_reads_what_is_open_does_not_change_it(api, bob, admin, hers, path):
    hers.collection, hers.owner = default_collection(), admin
    hers.save()
    assert api(bob).get(f"{path}/pages/1").status_code == 200
    for action in ACTIONS:
        is_problem(api(bob).post(f"{path}/{action}"), 403, "forbidden")
    is_problem(api(bob).delete(path), 403, "forbidden")


def test_a_part_of_a_file(api, alice, path):
    client = api(alice)
    whole = client.get(f"{path}/download")
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = client.get(f"{path}/download", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.headers["Content-Length"]) == (206, "4")
    assert part.headers["Content-Range"].startswith("bytes 0-3/")
    beyond = client.get(f"{path}/download", headers={"Range": "bytes=99999-"})
    assert beyond.status_code == 416
    same = client.get(f"{path}/download", headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status_code == 304


def test_quota(api, alice, bob, hers):
    body = api(alice).get(f"{FILES}/quota").json()
    assert body.keys() == {"files_used", "files_limit", "bytes_used", "bytes_limit"}
    assert body["files_used"] >= 1 and body["bytes_used"] > 0
    assert api(bob).get(f"{FILES}/quota").json()["files_used"] == 0
    is_problem(api().get(f"{FILES}/quota"), 401, "not_authenticated")


def test_filters_and_order_of_the_list(api, alice, hers):
    client = api(alice)
    assert client.get(FILES, {"kind": "text"}).json()["total"] == 1
    assert client.get(FILES, {"kind": "pdf"}).json()["total"] == 0
    named = {"collection_id": str(hers.collection_id)}
    assert client.get(FILES, named).json()["total"] == 1
    assert client.get(FILES, {"search": "kunang"}).json()["total"] == 1
    for name in ("kind", "sort", "collection_id"):
        is_problem(client.get(FILES, {name: "?"}), 422, "invalid", name)


def test_more_than_a_file_may_hold(api, alice, settings):
    settings.MAX_UPLOAD_MB = 1
    form = {"file": SimpleUploadedFile("large.txt", b"x" * (1024 * 1024 + 200_000))}
    answer = Client.post(api(alice), f"{FILES}/upload", form)
    is_problem(answer, 413, "too_large")
    assert not Document.objects.exists()
