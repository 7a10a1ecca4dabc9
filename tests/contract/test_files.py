"""files: upload, list, read, download, status, delete; and collections that hold them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.ids import new_id
from documents import tasks
from documents.collections import default_collection
from documents.models import Document
from tests.contract.shape import JSON, is_paged, is_problem, same_404

pytestmark = pytest.mark.django_db
FILES, COLLECTIONS = "/api/v1/files", "/api/v1/collections"
ROW_OF_S1 = {"id", "filename", "original_filename", "file_size", "status", "uploaded_at"}
ROW = ROW_OF_S1 | {
    "media_type",
    "stage",
    "progress",
    "seconds_left",
    "error_code",
    "error",
    "remark",
    "refusals",
    "page_count",
    "page_unit",
    "title",
    "author",
    "created_on",
    "language",
    "collection_id",
    "archive_id",
    "in_chat",
    "uploaded_by",
    "processed_at",
}
COLLECTION = {
    "id",
    "name",
    "description",
    "kind",
    "is_open",
    "owner_id",
    "owner_name",
    "document_count",
    "given_to_me",
    "my_groups",
    "created_at",
    "can_change",
    "groups",
    "users",
}


@pytest.fixture(autouse=True)
def nobody_reads(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(tasks, "enqueue", lambda *args, **options: True)


@pytest.fixture
def put(api):
    def go(user, text=b"Leaves are green.", name="leaves.txt", path=f"{FILES}/upload", **fields):
        headers = fields.pop("headers", {})
        form = {"file": SimpleUploadedFile(name, text), **fields}
        return Client.post(api(user), path, form, headers=headers)

    return go


def test_upload(alice, put):
    answer = put(alice)
    assert answer.status_code == 201
    row = answer.json()
    assert row.keys() >= ROW_OF_S1 and row.keys() - ROW <= {"chunks_count"}
    assert (row["filename"], row["original_filename"]) == ("leaves.txt", "leaves.txt")
    assert (row["file_size"], row["status"]) == (17, "UPLOADED")
    again = put(alice)
    assert (again.status_code, again.json()["id"]) == (200, row["id"])


def test_where_a_file_goes(api, alice, admin, put):
    shared = default_collection()
    mine = put(alice).json()["collection_id"]
    assert mine != str(shared.pk)
    assert put(admin, b"other").json()["collection_id"] == str(shared.pk)
    made = api(alice).post(COLLECTIONS, {"name": "Notes"}).json()["id"]
    assert put(alice, b"third", collection_id=made).json()["collection_id"] == made
    by_path = put(alice, b"fourth", path=f"{COLLECTIONS}/{made}/files")
    assert (by_path.status_code, by_path.json()["collection_id"]) == (201, made)


def test_what_cannot_be_uploaded(api, alice, bob, put):
    is_problem(Client.post(api(alice), f"{FILES}/upload", {}), 422, "invalid", "file")
    is_problem(put(None), 401, "not_authenticated")
    his = api(bob).post(COLLECTIONS, {"name": "His"}).json()["id"]
    is_problem(put(alice, collection_id=his), 404, "not_found")
    is_problem(put(alice, collection_id=str(new_id())), 404, "not_found")
    assert not Document.objects.exists()


def test_list(api, alice, bob, put):
    for number in range(3):
        put(alice, f"Text {number}".encode(), f"{number}.txt")
    put(bob, b"His")
    rows = is_paged(api(alice), FILES, "files", 3)
    assert [row["filename"] for row in rows] == ["2.txt", "1.txt", "0.txt"]
    assert rows[0].keys() == ROW | {"chunks_count"}
    Document.objects.filter(original_filename="1.txt").update(status="PROCESSED")
    answer = api(alice).get(FILES, {"status": "PROCESSED"}).json()
    assert [row["filename"] for row in answer["files"]] == ["1.txt"]
    is_problem(api(alice).get(FILES, {"status": "DONE"}), 422, "invalid", "status")
    is_problem(api().get(FILES), 401, "not_authenticated")


def test_read_download_and_delete(api, alice, bob, charlie, admin, put):
    path = f"{FILES}/{put(alice).json()['id']}"
    detail = api(alice).get(path).json()
    assert detail.keys() == ROW | {"chunks_count", "content", "content_truncated", "summary"}
    whole = api(alice).get(f"{path}/download")
    assert (whole.status_code, whole.headers["Content-Length"]) == (200, "17")
    assert api(admin).get(path).status_code == 200
    nowhere = f"{FILES}/{new_id()}"
    for other in (bob, charlie):
        for method in ("get", "delete"):
            same_404(api(other), method, (path, nowhere))
        same_404(api(other), "get", (f"{path}/download", f"{nowhere}/download"))
    gone = api(alice).delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    is_problem(api(alice).get(path), 404, "not_found")
    other = f"{FILES}/{put(alice).json()['id']}"
    assert api(admin).delete(other).status_code == 204


def test_status_is_for_admins(api, alice, admin, put):
    path = f"{FILES}/{put(alice).json()['id']}/status"
    is_problem(api(alice).patch(path, {"status": "UPLOADED"}, content_type=JSON), 403, "forbidden")
    changed = api(admin).patch(path, {"status": "UPLOADED"}, content_type=JSON)
    assert (changed.status_code, changed.json()["status"]) == (200, "UPLOADED")
    wrong = api(admin).patch(path, {"status": "DONE"}, content_type=JSON)
    is_problem(wrong, 422, "invalid", "status")


def test_the_same_upload_twice_is_one(alice, put):
    key = {"Idempotency-Key": "one"}
    first, second = (put(alice, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    is_problem(put(alice, b"Other", headers=key), 422)


def test_collections(api, alice, bob, charlie, put):
    made = api(alice).post(
        COLLECTIONS, {"name": "Notes", "description": "Cells", "users": [bob.email]}
    )
    assert made.status_code == 201 and made.json().keys() == COLLECTION
    api(alice).post(COLLECTIONS, {"name": "More"})
    rows = is_paged(api(alice), COLLECTIONS, "collections", 2)
    assert all(row.keys() == COLLECTION for row in rows)
    path = f"{COLLECTIONS}/{made.json()['id']}"
    assert api(bob).get(path).json()["can_change"] is False
    is_problem(api(bob).patch(path, {"name": "x"}, content_type=JSON), 403, "forbidden")
    same_404(api(charlie), "get", (path, f"{COLLECTIONS}/{new_id()}"))
    changed = api(alice).patch(path, {"users": []}, content_type=JSON).json()
    assert changed["users"] == []
    same_404(api(bob), "get", (path, f"{COLLECTIONS}/{new_id()}"))
    is_problem(api(alice).post(COLLECTIONS, {}), 422, "invalid", "name")
    is_problem(api(alice).patch(path, {}, content_type=JSON), 422)
    for number in range(2):
        put(alice, f"{number}".encode(), path=f"{path}/files")
    is_paged(api(alice), f"{path}/files", "files", 2)
    assert api(alice).delete(f"{path}?documents=delete").status_code == 204
