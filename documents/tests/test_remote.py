"""Originals in a storage that has no local paths."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage, storages

from core.errors import Unavailable
from documents import remote, services, storage
from documents.ingest import pipeline, reconciler
from documents.models import Document
from documents.tests.pdfs import make_pdf

pytestmark = pytest.mark.django_db
PDF = make_pdf(["Lontar leaves."])
FILES = "/api/v1/files"


class Bucket(InMemoryStorage):
    """Counts what it is asked, and can be out of reach."""

    opened = 0
    broken = False

    def _open(self, name: str, mode: str = "rb") -> Any:
        Bucket.opened += 1
        return super()._open(name, mode)

    def _save(self, name: str, content: Any) -> str:
        if Bucket.broken:
            raise ConnectionError("no route to the bucket")
        return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        if Bucket.broken:
            raise RuntimeError("an error of the backend's own")
        super().delete(name)


@pytest.fixture
def bucket(settings: Any) -> Any:
    settings.ORIGINALS_BACKEND = f"{__name__}.Bucket"
    settings.STORAGES = {
        **settings.STORAGES,
        "originals": {"BACKEND": settings.ORIGINALS_BACKEND, "OPTIONS": {}},
    }
    Bucket.opened, Bucket.broken = 0, False
    return storages["originals"]


def key(document: Document) -> str:
    return f"documents/{document.filename[:2]}/{document.filename}"


def forget_copies() -> None:
    for path in remote.folder().glob("*"):
        path.unlink()


def test_a_file_goes_to_the_bucket_and_is_read_from_there(
    ingest: Any, alice: Any, bucket: Any, media: Path
) -> None:
    document = ingest(alice, PDF)
    assert document.status == "PROCESSED"
    assert bucket.open(key(document)).read() == PDF
    assert not (media / "documents").exists() and not any((media / "incoming").iterdir())
    forget_copies()
    services.reprocess(actor=alice, document_id=document.id)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert (document.status, document.page_count) == ("PROCESSED", 1)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume async")
def test_ranges_are_given_of_one_fetched_copy(
    ingest: Any, alice: Any, bob: Any, api: Any, bucket: Any
) -> None:
    document = ingest(alice, PDF, "Bab 1.pdf")
    forget_copies()
    Bucket.opened = 0
    for start, end in ((0, 9), (10, 19), (5, 5)):
        headers = {"Range": f"bytes={start}-{end}"}
        answer = api(alice).get(f"{FILES}/{document.id}/download", headers=headers)
        assert answer.status_code == 206
        assert b"".join(answer) == PDF[start : end + 1]
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith("attachment")
    assert Bucket.opened == 1
    assert api(bob).get(f"{FILES}/{document.id}/download").status_code == 404


def test_an_archive_is_unpacked_from_the_bucket(ingest: Any, alice: Any, bucket: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("notes.md", "# Leaves\n\nDry them.")
    forget_copies()
    ingest(alice, packed.getvalue(), "all.zip")
    inside = Document.objects.get(original_filename="notes.md")
    assert bucket.exists(key(inside))


def test_what_is_deleted_leaves_the_bucket(
    ingest: Any, alice: Any, bucket: Any, django_capture_on_commit_callbacks: Any
) -> None:
    document = ingest(alice, PDF)
    place = key(document)
    with django_capture_on_commit_callbacks(execute=True):
        services.delete(actor=alice, document_id=document.id)
    assert not bucket.exists(place) and not any(remote.folder().iterdir())


def test_a_bucket_out_of_reach_is_a_sentence_and_keeps_nothing(
    upload: Any, alice: Any, bucket: Any, media: Path
) -> None:
    Bucket.broken = True
    with pytest.raises(Unavailable, match="cannot be reached"):
        upload(alice, PDF)
    assert not Document.objects.exists() and not any((media / "incoming").iterdir())
    storage.remove("ab" * 16)  # said in the log: the row is gone already


def test_a_file_that_vanished_from_the_bucket_fails_with_its_reason(
    upload: Any, alice: Any, api: Any, bucket: Any, embedder: Any
) -> None:
    document = upload(alice, PDF)
    forget_copies()
    bucket.delete(key(document))
    pipeline.run(document.id)
    document.refresh_from_db()
    assert (document.status, document.error_code) == ("FAILED", "storage")
    assert api(alice).get(f"{FILES}/{document.id}/download").status_code == 404


def test_copies_that_nobody_uses_are_dropped(
    ingest: Any, alice: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = ingest(alice, PDF)
    reconciler.sweep()
    assert [path.name for path in remote.folder().iterdir()] == [document.filename]
    monkeypatch.setattr(remote, "UNUSED", -1.0)
    reconciler.sweep()
    assert not any(remote.folder().iterdir())
    assert bucket.exists(key(document))
