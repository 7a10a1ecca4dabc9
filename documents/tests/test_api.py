"""The REST contract, asked as alice, bob (classmate), charlie (stranger), an admin and nobody."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from documents import services
from documents.models import Chunk, Document
from documents.tests.pdfs import make_pdf

PDF = make_pdf(["Lontar leaves.\nSecond line.", "Page two."])
FILES = "/api/v1/files"
JSON = "application/json"


@pytest.fixture
def put(api: Any, sent: list[str]) -> Any:
    """`put(alice, data, name)`: the answer of POST files/upload."""

    def go(user: Any, data: bytes = PDF, name: str = "a.pdf", **fields: Any) -> Any:
        headers = fields.pop("headers", {})
        path = fields.pop("path", f"{FILES}/upload")
        form = {"file": SimpleUploadedFile(name, data, "text/html"), **fields}
        return Client.post(api(user), path, form, headers=headers)

    return go


def stored(media: Path) -> list[Path]:
    return [path for path in media.glob("**/*") if path.is_file()]


def test_upload_answers_as_the_contract_says(alice: Any, put: Any) -> None:
    answer = put(alice, name="Bab 1.pdf")
    body = answer.json()
    assert answer.status_code == 201
    assert body["original_filename"] == body["filename"] == "Bab 1.pdf"
    assert (body["status"], body["file_size"]) == ("UPLOADED", len(PDF))
    assert {"id", "uploaded_at", "collection_id", "error_code", "error"} <= set(body)
    again = put(alice)
    assert (again.status_code, again.json()["id"]) == (200, body["id"])


def test_upload_needs_a_person_and_a_csrf_token(alice: Any, put: Any, media: Path) -> None:
    assert put(None).status_code == 401
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    answer = strict.post(f"{FILES}/upload", {"file": SimpleUploadedFile("a.pdf", PDF)})
    assert answer.status_code == 403
    assert not Document.objects.exists() and not stored(media)


@pytest.mark.parametrize("form", [{}, {"file": "text"}, {"collection_id": "x"}])
def test_an_upload_without_a_file_names_the_field(alice: Any, api: Any, form: Any) -> None:
    answer = Client.post(api(alice), f"{FILES}/upload", form)
    assert answer.status_code == 422
    assert "file" in {row["field"] for row in answer.json()["errors"]}


def test_upload_is_refused_above_the_limit(
    alice: Any, put: Any, api: Any, settings: Any, media: Path
) -> None:
    """LibreChat CVE-2026-54024, Lobe Chat CVE-2026-23835."""
    settings.MAX_UPLOAD_MB = 1
    whole = 1024 * 1024
    assert put(alice, b"a" * whole, "fits.txt").status_code == 201
    over = put(alice, b"a" * (whole + 1), "over.txt")
    assert (over.status_code, over.json()["code"]) == (413, "too_large")
    assert "1 MB" in over.json()["detail"]
    early = api(alice).generic(
        "POST",
        f"{FILES}/upload",
        b"x",
        "multipart/form-data; boundary=b",
        CONTENT_LENGTH=str(10 * whole),
    )
    assert early.status_code == 413
    assert len(stored(media)) == 1


def test_a_declared_length_that_lies_does_not_help(
    alice: Any, put: Any, settings: Any, media: Path
) -> None:
    settings.MAX_UPLOAD_MB = 1
    two = {"other": SimpleUploadedFile("b.txt", b"b" * 700_000)}
    assert put(alice, b"a" * 700_000, "a.txt", **two).status_code == 413
    assert not stored(media)


def test_a_form_with_further_files_is_refused_and_nothing_is_kept(
    alice: Any, put: Any, media: Path
) -> None:
    answer = put(alice, other=SimpleUploadedFile("b.txt", b"b"))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "other")
    assert not Document.objects.exists() and not stored(media)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [("e.pdf", b"", "empty"), ("x.exe", b"MZ\0\0", "wrong_type")],
)
def test_a_bad_file_is_a_failed_document(
    alice: Any, put: Any, name: str, data: bytes, code: str
) -> None:
    body = put(alice, data, name).json()
    assert (body["status"], body["error_code"]) == ("FAILED", code)
    assert body["error"].endswith(".")


def test_an_idempotency_key_gives_the_same_answer(alice: Any, put: Any) -> None:
    first = put(alice, headers={"Idempotency-Key": "k1"})
    second = put(alice, headers={"Idempotency-Key": "k1"})
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    other = put(alice, PDF + b" ", headers={"Idempotency-Key": "k1"})
    assert other.status_code == 422
    assert Document.objects.count() == 1


def test_a_collection_takes_files_of_its_owner(alice: Any, bob: Any, api: Any, put: Any) -> None:
    made = api(alice).post("/api/v1/collections", {"name": "Kelas A"})
    assert made.status_code == 201
    collection = made.json()
    path = f"/api/v1/collections/{collection['id']}/files"
    assert put(alice, path=path).json()["collection_id"] == collection["id"]
    assert put(alice, PDF + b" ", collection_id=collection["id"]).status_code == 201
    assert put(bob, path=path).status_code == 404
    listed = api(alice).get("/api/v1/collections").json()
    assert listed["total"] == 1 and listed["collections"][0]["document_count"] == 2


def test_lists_are_newest_first_filtered_and_paged(alice: Any, api: Any, put: Any) -> None:
    ids = [put(alice, f"Text {n}".encode(), f"{n}.txt").json()["id"] for n in range(3)]
    body = api(alice).get(f"{FILES}?limit=2").json()
    assert (body["total"], body["page"], body["page_size"]) == (3, 1, 2)
    assert [row["id"] for row in body["files"]] == ids[:0:-1]
    Document.objects.filter(id=ids[0]).update(status="PROCESSED")
    filtered = api(alice).get(f"{FILES}?status=PROCESSED").json()
    assert [row["id"] for row in filtered["files"]] == [ids[0]]
    assert api(alice).get(f"{FILES}?status=nonsense").status_code == 422
    assert api(alice).get(f"{FILES}?limit=101").status_code == 422


def test_a_list_costs_the_same_however_long(
    alice: Any, api: Any, put: Any, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        put(alice, f"Text {n}".encode(), f"{n}.txt")
    client = api(alice)
    client.get(FILES)
    with django_assert_max_num_queries(9):
        assert len(client.get(FILES).json()["files"]) == 12


def test_detail_has_the_content(alice: Any, api: Any, ingest: Any) -> None:
    document = ingest(alice, PDF)
    body = api(alice).get(f"{FILES}/{document.id}").json()
    assert body["content"] == "Lontar leaves.\nSecond line.\n\nPage two."
    assert body["content_truncated"] is False
    assert (body["status"], body["page_count"], body["chunks_count"]) == ("PROCESSED", 2, 2)
    assert body["uploaded_by"] == str(alice.id)


def test_long_content_is_cut(alice: Any, ingest: Any, api: Any) -> None:
    document = ingest(alice, b"kata panjang. " * 20_000, "long.txt")
    body = api(alice).get(f"{FILES}/{document.id}").json()
    assert body["content_truncated"] is True and len(body["content"]) <= 200_000


def test_a_page_shows_where_a_chunk_stands(alice: Any, api: Any, ingest: Any) -> None:
    document = ingest(alice, PDF)
    chunk = Chunk.objects.get(document=document, ordinal=0)
    body = api(alice).get(f"{FILES}/{document.id}/pages/1?chunk={chunk.id}").json()
    assert body["text"] == "Lontar leaves.\nSecond line."
    assert (body["start"], body["end"], body["page_count"]) == (0, len(body["text"]), 2)
    assert len(body["rects"]) == 2 and all(len(rect) == 4 for rect in body["rects"])
    assert api(alice).get(f"{FILES}/{document.id}/pages/2?chunk={chunk.id}").status_code == 404
    assert api(alice).get(f"{FILES}/{document.id}/pages/3").status_code == 404


def body_of(answer: Any) -> bytes:
    return b"".join(answer) if answer.streaming else bytes(answer.content)


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("", 200, slice(None)),
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=5-999999", 206, slice(5, None)),
        ("bytes=0-1,5-9", 200, slice(None)),
        ("items=0-1", 200, slice(None)),
    ],
)
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume async")
def test_download_in_ranges(
    alice: Any, api: Any, upload: Any, wanted: str, status: int, part: slice
) -> None:
    document = upload(alice, PDF)
    headers = {"Range": wanted} if wanted else {}
    answer = api(alice).get(f"{FILES}/{document.id}/download", headers=headers)
    assert (answer.status_code, body_of(answer)) == (status, PDF[part])
    assert answer["Content-Length"] == str(len(PDF[part]))
    if status == 206:
        assert answer["Content-Range"].endswith(f"/{len(PDF)}")


def test_download_refuses_what_is_outside(alice: Any, api: Any, upload: Any) -> None:
    document = upload(alice, PDF)
    answer = api(alice).get(
        f"{FILES}/{document.id}/download", headers={"Range": f"bytes={len(PDF)}-"}
    )
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(PDF)}")


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume async")
def test_download_knows_what_the_browser_has(alice: Any, api: Any, upload: Any) -> None:
    path = f"{FILES}/{upload(alice, PDF).id}/download"
    etag = api(alice).get(path)["ETag"]
    assert api(alice).get(path, headers={"If-None-Match": etag}).status_code == 304
    stale = {"Range": "bytes=0-1", "If-Range": '"other"'}
    assert api(alice).get(path, headers=stale).status_code == 200
    fresh = {"Range": "bytes=0-1", "If-Range": etag}
    assert api(alice).get(path, headers=fresh).status_code == 206


@pytest.mark.parametrize("wanted", ["", "bytes=0-3", "bytes=99999999-"])
def test_a_download_never_runs_as_a_page_of_ours(
    alice: Any, api: Any, upload: Any, wanted: str
) -> None:
    """Open WebUI CVE-2025-46571, CVE-2026-44549, RAGFlow CVE-2024-12871, Gradio CVE-2024-47872."""
    document = upload(alice, b"text <script>alert(1)</script>", 'a"\r\nX: y;/../ü.html.txt')
    headers = {"Range": wanted} if wanted else {}
    answer = api(alice).get(f"{FILES}/{document.id}/download", headers=headers)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "html" not in answer["Content-Type"] and "X" not in answer


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "page.html",
            b"<!doctype html><html><body><script>alert(1)</script><p>Hi</p></body></html>",
        ),
        ("sneaky.txt", b"<html><script>alert(1)</script>Hello</html>"),
        ("notes.md", b"Notes on palms.\n\n<svg onload='alert(1)'></svg>\n"),
    ],
)
def test_markup_comes_as_a_file_and_in_a_sandbox(
    alice: Any, api: Any, upload: Any, name: str, data: bytes
) -> None:
    path = f"{FILES}/{upload(alice, data, name).id}/download"
    for answer in (api(alice).get(path), api(alice).get(path, headers={"Range": "bytes=0-5"})):
        assert answer.status_code in (200, 206)
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


async def test_download_streams_under_asgi(
    async_api: Any, transactional_db: None, media: Path, sent: list[str]
) -> None:
    from asgiref.sync import sync_to_async

    alice = await User.objects.acreate(email="alice@example.org", full_name="Alice")
    big = b"%PDF-1.4\n" + b"x" * 700_000
    import io

    document = await sync_to_async(services.upload)(
        actor=alice, file=io.BytesIO(big), name="big.pdf"
    )
    answer = await (await async_api(alice)).get(f"{FILES}/{document.id}/download")
    pieces = [piece async for piece in answer.streaming_content]
    assert b"".join(pieces) == big and max(map(len, pieces)) <= 256 * 1024


DOORS = [
    ("get", ""),
    ("delete", ""),
    ("patch", "/status"),
    ("post", "/reprocess"),
    ("post", "/retry"),
    ("get", "/download"),
    ("get", "/pages/1"),
]


def knock(client: Any, method: str, path: str) -> Any:
    if method == "patch":
        return client.patch(path, {"status": "FAILED"}, content_type=JSON)
    return getattr(client, method)(path)


@pytest.mark.parametrize(("method", "suffix"), DOORS)
def test_a_foreign_file_looks_like_none(
    alice: Any, charlie: Any, deactivated: Any, api: Any, ingest: Any, method: str, suffix: str
) -> None:
    document = ingest(alice, PDF)
    foreign = knock(api(charlie), method, f"{FILES}/{document.id}{suffix}")
    unknown = knock(api(charlie), method, f"{FILES}/{uuid4()}{suffix}")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()
    nobody = knock(api(), method, f"{FILES}/{document.id}{suffix}")
    assert nobody.status_code == 401
    off = knock(api(deactivated), method, f"{FILES}/{document.id}{suffix}")
    assert off.status_code == 401
    assert Document.objects.filter(id=document.id, status="PROCESSED").exists()


@pytest.mark.parametrize(("method", "suffix"), [door for door in DOORS if door[0] != "get"])
def test_a_classmate_may_read_shared_files_but_not_change_them(
    admin: Any, bob: Any, api: Any, ingest: Any, method: str, suffix: str
) -> None:
    document = ingest(admin, PDF)
    assert api(bob).get(f"{FILES}/{document.id}").status_code == 200
    answer = knock(api(bob), method, f"{FILES}/{document.id}{suffix}")
    assert answer.status_code == 403
    assert Document.objects.filter(id=document.id, status="PROCESSED").exists()


def test_admins_and_owners_change_files(alice: Any, admin: Any, api: Any, ingest: Any) -> None:
    document = ingest(alice, PDF)
    path = f"{FILES}/{document.id}"
    assert api(alice).post(f"{path}/reprocess").status_code == 202
    assert (
        api(admin)
        .patch(f"{path}/status", {"status": "FAILED"}, content_type=JSON)
        .json()["error_code"]
    )
    assert api(alice).post(f"{path}/retry").json()["status"] == "UPLOADED"
    assert api(alice).post(f"{path}/retry").status_code == 409
    assert api(alice).delete(path).status_code == 204
    assert api(alice).delete(path).status_code == 404


def test_lists_hold_only_what_one_may_see(
    alice: Any, bob: Any, admin: Any, api: Any, upload: Any
) -> None:
    private, shared = upload(alice, PDF), upload(admin, PDF)

    def seen(user: Any) -> set[str]:
        return {row["id"] for row in api(user).get(FILES).json()["files"]}

    assert seen(alice) == seen(admin) == {str(private.id), str(shared.id)}
    assert seen(bob) == {str(shared.id)}
    only = api(bob).get(f"{FILES}?collection_id={private.collection_id}")
    assert only.status_code == 404


def test_collections_are_changed_by_their_owner(alice: Any, bob: Any, api: Any) -> None:
    made = api(alice).post("/api/v1/collections", {"name": "A", "description": "d"}).json()
    path = f"/api/v1/collections/{made['id']}"
    assert (
        json.loads(api(alice).patch(path, {"name": "B"}, content_type=JSON).content)["name"] == "B"
    )
    assert api(alice).patch(path, {"is_open": True}, content_type=JSON).status_code == 403
    assert api(alice).patch(path, {}, content_type=JSON).status_code == 422
    assert api(bob).get(path).status_code == api(bob).delete(path).status_code == 404
    assert api(alice).delete(path).status_code == 204
