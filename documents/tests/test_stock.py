"""Files that belong to no document, and documents whose file is gone."""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.errors import Conflict
from documents import remote, services, stock, storage, tasks
from documents.models import Document
from documents.tests.pdfs import make_pdf
from documents.tests.test_remote import Bucket, bucket, forget_copies, key

__all__ = ["bucket"]
pytestmark = pytest.mark.django_db
PDF = make_pdf(["Lontar leaves."])
DAY = 24 * 3600


@pytest.fixture
def orphan(media: Path) -> Callable[..., Path]:
    """`orphan("ab")`: a file of yesterday under a name that no document has."""

    def put(name: str = "ab", age: float = DAY) -> Path:
        path = storage.path_of(name * 16)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age,) * 2)
        return path

    return put


def age(document: Document) -> None:
    os.utime(storage.path_of(document.filename), (time.time() - DAY,) * 2)


def test_a_file_without_a_document_goes_once_it_is_old_enough(
    alice: Any, upload: Any, orphan: Any
) -> None:
    document = upload(alice, PDF)
    age(document)
    young, old = orphan("cd", age=3600), orphan("ab")
    assert stock.take() == stock.Stock(files=3, orphans=1, removed=1, missing=0)
    assert not old.exists() and young.exists() and storage.exists(document.filename)


def test_so_many_orphans_mean_another_database(orphan: Any, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(stock, "SUSPICIOUS", 2)
    files = [orphan(f"a{n}") for n in range(3)]
    strange = storage.documents_folder() / "a0" / "notes.txt"
    strange.write_text("somebody else's")
    os.utime(strange, (0, 0))
    assert stock.take().removed == 0 and all(path.exists() for path in files)
    assert "manage.py originals --remove" in caplog.text
    said = io.StringIO()
    call_command("originals", "--remove", stdout=said)
    assert not any(path.exists() for path in files)
    assert "3 belong to no document, 3 of them were removed" in said.getvalue()
    assert strange.exists(), "not one of ours"


def test_a_document_whose_file_is_gone_says_so_until_it_is_back(
    alice: Any, ingest: Any, upload: Any, api: Any
) -> None:
    document = ingest(alice, PDF)
    path = storage.path_of(document.filename)
    path.rename(path.with_name("elsewhere"))
    assert stock.take().missing == 1
    found = api(alice).get(f"/api/v1/files/{document.id}").json()
    assert found["status"] == "PROCESSED" and "The original file is gone" in found["remark"]
    assert found["content"].strip() == "Lontar leaves."
    with pytest.raises(Conflict, match="Upload it again"):
        services.reprocess(actor=alice, document_id=document.id)
    path.with_name("elsewhere").rename(path)
    assert stock.take().missing == 0
    assert api(alice).get(f"/api/v1/files/{document.id}").json()["remark"] == ""


def test_the_same_file_again_takes_the_place_of_the_lost_one(
    alice: Any, ingest: Any, upload: Any, api: Any
) -> None:
    document = ingest(alice, PDF)
    storage.path_of(document.filename).unlink()
    stock.take()
    again = upload(alice, PDF)
    assert (again.id, again.is_new, again.original_missing_since) == (document.id, False, None)
    answer = api(alice).get(f"/api/v1/files/{document.id}/download")
    assert b"".join(answer) == PDF


def test_in_a_bucket_the_same(
    alice: Any, ingest: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = ingest(alice, PDF)
    stray = "documents/ab/" + "ab" * 16
    bucket.save(stray, io.BytesIO(b"left behind"))
    assert stock.take() == stock.Stock(files=2, orphans=0, removed=0, missing=0)
    monkeypatch.setattr(stock, "SAFE_AGE", -1)
    assert stock.take() == stock.Stock(files=2, orphans=1, removed=1, missing=0)
    assert not bucket.exists(stray) and bucket.exists(key(document))
    bucket.delete(key(document))
    forget_copies()
    assert stock.take().missing == 1
    document.refresh_from_db()
    assert document.original_missing_since and "is gone" in document.remark


def test_a_bucket_out_of_reach_changes_nothing(
    alice: Any, ingest: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    document = ingest(alice, PDF)

    def refuse(*_args: Any) -> Any:
        raise ConnectionError("no route to the bucket")

    monkeypatch.setattr(Bucket, "listdir", refuse)
    tasks.take_stock()
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("originals")
    document.refresh_from_db()
    assert document.original_missing_since is None and "could not be looked through" in caplog.text
    assert remote.exists(document.filename)
