"""Uploads, permissions and what happens to rows and files."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import Conflict, Forbidden, NotFound, TooLarge
from documents import collections, queries, services, storage, tasks
from documents.models import Chunk, Collection, Document
from documents.tests.pdfs import make_pdf

PDF = make_pdf(["Lontar leaves."])


def files(media: Path) -> list[Path]:
    return [path for path in media.glob("**/*") if path.is_file()]


def test_a_students_file_goes_to_their_own_collection(
    alice: Any, upload: Any, sent: list[str], media: Path
) -> None:
    document = upload(alice, PDF, "Bab 1.pdf")
    assert (document.status, document.kind, document.error_code) == ("UPLOADED", "pdf", "")
    assert document.collection.kind == "personal" and document.collection.owner == alice
    assert sent == [str(document.id)]
    document.refresh_from_db()
    assert document.enqueued_at is not None
    assert storage.path_of(document.filename).read_bytes() == PDF
    assert len(files(media)) == 1


def test_an_admins_file_goes_to_the_open_collection(admin: Any, bob: Any, upload: Any) -> None:
    document = upload(admin, PDF)
    assert document.collection.kind == "default" and document.collection.is_open
    assert queries.document(bob, document.id) == document


def test_the_same_file_twice_is_one_document(
    alice: Any, bob: Any, upload: Any, sent: list[str], media: Path
) -> None:
    first, again, other = upload(alice, PDF), upload(alice, PDF, "b.pdf"), upload(bob, PDF)
    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
    assert again.id == first.id != other.id
    assert len(sent) == 2 and len(files(media)) == 2


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.pdf", "empty"),
        (b"PK\x03\x04\x00zip", "a.docx", "damaged"),
        (b"\x00\x01", "a.docx", "wrong_type"),
    ],
)
def test_what_cannot_be_read_fails_at_once_and_keeps_nothing(
    alice: Any, upload: Any, media: Path, data: bytes, name: str, code: str
) -> None:
    document = upload(alice, data, name)
    assert (document.status, document.error_code) == ("FAILED", code)
    assert document.error.endswith(".") and not files(media)
    with pytest.raises(Conflict):
        services.retry(actor=alice, document_id=document.id)


def test_uploading_a_failed_file_again_is_another_try(alice: Any, upload: Any, media: Path) -> None:
    document = upload(alice, PDF)
    Document.objects.update(status="FAILED", error_code="internal", attempts=3)
    again = upload(alice, PDF, "other.pdf")
    again.refresh_from_db()
    assert (again.id, again.status, again.attempts) == (document.id, "UPLOADED", 0)


@pytest.mark.django_db(transaction=True)
def test_a_replaced_original_leaves_no_file(alice: Any, upload: Any, media: Path) -> None:
    upload(alice, PDF)
    Document.objects.update(status="FAILED", error_code="internal")
    upload(alice, PDF)
    assert len(files(media)) == 1


def test_too_large_is_refused_and_nothing_stays(
    alice: Any, upload: Any, settings: Any, media: Path
) -> None:
    settings.MAX_UPLOAD_MB = 1
    with pytest.raises(TooLarge):
        upload(alice, b"x" * (1024 * 1024 + 1))
    assert not files(media) and not Document.objects.exists()


def test_without_a_broker_the_upload_stays_and_is_found_later(
    alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_args: Any, **_options: Any) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(tasks.ingest, "apply_async", down)
    document = services.upload(actor=alice, file=io.BytesIO(PDF), name="a.pdf")
    document.refresh_from_db()
    assert (document.status, document.enqueued_at) == ("UPLOADED", None)


def test_only_the_owner_or_an_admin_may_add_to_a_collection(
    alice: Any, bob: Any, admin: Any, upload: Any, media: Path
) -> None:
    mine = collections.create_collection(actor=alice, name="Kelas A")
    shared = collections.create_collection(actor=admin, name="Open", is_open=True)
    assert upload(alice, PDF, collection=mine).collection == mine
    assert upload(admin, PDF + b" ", collection=mine.id).collection == mine
    with pytest.raises(NotFound):
        upload(bob, PDF, collection=mine)
    with pytest.raises(Forbidden):
        upload(bob, PDF, collection=shared)
    assert len(files(media)) == 2


def test_only_an_admin_opens_a_collection(alice: Any, admin: Any) -> None:
    with pytest.raises(Forbidden):
        collections.create_collection(actor=alice, name="x", is_open=True)
    mine = collections.create_collection(actor=alice, name="x")
    with pytest.raises(Forbidden):
        collections.update_collection(actor=alice, collection_id=mine.id, is_open=True)
    assert collections.update_collection(actor=admin, collection_id=mine.id, is_open=True).is_open


def test_the_database_allows_one_default_and_one_personal_collection(alice: Any) -> None:
    collections.default_collection()
    collections.personal_collection(alice)
    for fields in ({"kind": "default"}, {"kind": "personal", "owner": alice}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Collection.objects.create(name="second", **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Collection.objects.create(name="nobody's", kind="personal")


@pytest.mark.parametrize("service", [services.retry, services.reprocess, services.delete])
def test_strangers_see_nothing_and_readers_may_not_change(
    alice: Any, bob: Any, admin: Any, upload: Any, service: Any
) -> None:
    private, shared = upload(alice, PDF), upload(admin, PDF)
    with pytest.raises(NotFound):
        service(actor=bob, document_id=private.id)
    with pytest.raises(Forbidden):
        service(actor=bob, document_id=shared.id)
    assert Document.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_delete_takes_everything_along(alice: Any, ingest: Any, media: Path) -> None:
    document = ingest(alice, PDF)
    assert Chunk.objects.exists() and files(media)
    services.delete(actor=alice, document_id=document.id)
    assert not Document.objects.exists() and not Chunk.objects.exists() and not files(media)


@pytest.mark.django_db(transaction=True)
def test_deleting_a_collection_takes_its_files(
    alice: Any, admin: Any, ingest: Any, media: Path
) -> None:
    mine = collections.create_collection(actor=alice, name="x")
    ingest(alice, PDF, collection=mine)
    collections.delete_collection(actor=alice, collection_id=mine.id, documents="delete")
    assert not Document.objects.exists() and not files(media)
    with pytest.raises(Conflict):
        collections.delete_collection(
            actor=admin, collection_id=collections.default_collection().id
        )


def test_status_may_be_set_by_admins_only_where_it_makes_sense(
    alice: Any, admin: Any, upload: Any
) -> None:
    document = upload(alice, PDF)
    with pytest.raises(Forbidden):
        services.set_status(actor=alice, document_id=document.id, status="FAILED")
    with pytest.raises(Conflict):
        services.set_status(actor=admin, document_id=document.id, status="PROCESSED")
    stopped = services.set_status(actor=admin, document_id=document.id, status="FAILED")
    assert (stopped.status, stopped.error_code) == ("FAILED", "stopped")
    again = services.set_status(actor=admin, document_id=document.id, status="UPLOADED")
    assert again.status == "UPLOADED"


def test_readable_collections(alice: Any, bob: Any, admin: Any) -> None:
    mine, opened = collections.personal_collection(alice), collections.default_collection()
    assert set(queries.readable_collections(alice)) == {mine.id, opened.id}
    assert queries.readable_collections(bob) == [opened.id]
    assert set(queries.readable_collections(admin)) == {mine.id, opened.id}
