"""How much one person may keep, decided before bytes are stored and when the size is known."""

import io
import threading
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from core.errors import TooLarge
from documents import quota, reasons, services
from documents.models import Document, UploadQuota

TEXT = b"A sentence of some length about palm leaves."


@pytest.fixture
def limits(db: None) -> UploadQuota:
    return UploadQuota.objects.create(id=1, files=2, megabytes=1)


def test_the_defaults_are_generous_and_admins_have_no_limit(alice: Any, admin: Any) -> None:
    assert quota.of(alice) == quota.Use(0, 0, 500, 2_000_000_000)
    assert quota.of(admin) == quota.Use(0, 0, None, None)


def test_files_are_counted_and_the_sentence_says_what_to_do(
    alice: Any, bob: Any, upload: Any, limits: UploadQuota
) -> None:
    upload(alice, TEXT, "a.txt")
    upload(alice, TEXT + b"2", "b.txt")
    again = upload(alice, TEXT, "a.txt")
    assert not again.is_new, "the same file takes no room"
    with pytest.raises(TooLarge) as caught:
        upload(alice, TEXT + b"3", "c.txt")
    assert caught.value.code == "quota_files" and caught.value.status == 413
    assert "2 of 2 files" in str(caught.value) and "Delete some" in str(caught.value)
    assert upload(bob, TEXT + b"3", "c.txt").is_new, "each has a quota of their own"
    services.delete(actor=alice, document_id=again.id)
    assert upload(alice, TEXT + b"3", "c.txt").is_new


def test_bytes_are_counted_together(alice: Any, upload: Any, limits: UploadQuota) -> None:
    upload(alice, TEXT * 15_000, "a.txt")
    with pytest.raises(TooLarge) as caught:
        upload(alice, TEXT * 14_000, "b.txt")
    assert caught.value.code == "quota_bytes" and "660 kB of your 1 MB" in str(caught.value)
    assert Document.objects.count() == 1


def test_what_was_refused_at_the_door_takes_no_room(
    alice: Any, upload: Any, limits: UploadQuota
) -> None:
    upload(alice, b"\x7fELF\0\0\1\2" * 60_000, "program.bin")
    assert quota.of(alice).files == 0 and quota.of(alice).bytes == 0


def test_members_of_an_archive_are_asked_for_together(alice: Any, limits: UploadQuota) -> None:
    quota.admit(alice, files=2, size=1_000_000)
    with pytest.raises(TooLarge):
        quota.admit(alice, files=3, size=10)
    with pytest.raises(TooLarge):
        quota.admit(alice, files=2, size=1_000_001)


def test_the_api_refuses_before_it_reads_and_while_it_reads(
    client: Any, alice: Any, limits: UploadQuota, sent: list[str], media: Any
) -> None:
    client.force_login(alice)
    large = SimpleUploadedFile("a.txt", TEXT * 30_000)
    response = client.post("/api/v1/files/upload", {"file": large})
    assert response.status_code == 413 and response.json()["code"] == "quota_bytes"
    # Just over, within what the form itself may take: only the stream can tell.
    large = SimpleUploadedFile("a.txt", b"x " * 510_000)
    response = client.post("/api/v1/files/upload", {"file": large})
    assert response.status_code == 413 and response.json()["code"] == "quota_bytes"
    assert not [path for path in media.glob("**/*") if path.is_file()]
    assert client.get("/api/v1/files/quota").json() == {
        "files_used": 0,
        "files_limit": 2,
        "bytes_used": 0,
        "bytes_limit": 1_000_000,
    }


@pytest.mark.django_db(transaction=True)
def test_uploads_at_the_same_moment_do_not_pass_together(
    alice: Any, limits: UploadQuota, sent: list[str]
) -> None:
    start, refused = threading.Barrier(6), []

    def put(number: int) -> None:
        start.wait()
        try:
            data = io.BytesIO(TEXT + str(number).encode())
            services.upload(actor=alice, file=data, name=f"{number}.txt")
        except TooLarge:
            refused.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Document.objects.count() == 2 and len(refused) == 4


def test_members_beyond_the_quota_are_refused_by_name(
    alice: Any, ingest: Any, limits: UploadQuota
) -> None:
    UploadQuota.objects.filter(id=1).update(files=3)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("a.txt", "b.txt", "c.txt"):
            archive.writestr(name, TEXT + name.encode())
        archive.writestr("again.txt", TEXT + b"a.txt")
    document = ingest(alice, out.getvalue(), "all.zip")
    assert document.status == Document.Status.PROCESSED and document.member_count == 3
    assert [(row["name"], row["code"]) for row in document.refused] == [("c.txt", "quota_files")]
    ((_name, sentence),) = reasons.refusals(document.refused)
    assert "Delete some" in sentence
    assert quota.of(alice).files == 3


def test_members_too_large_for_what_is_left_are_refused(
    alice: Any, ingest: Any, limits: UploadQuota
) -> None:
    UploadQuota.objects.filter(id=1).update(files=0)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", TEXT * 25_000)
        archive.writestr("b.txt", TEXT)
    document = ingest(alice, out.getvalue(), "all.zip")
    assert [(row["name"], row["code"]) for row in document.refused] == [("a.txt", "quota_bytes")]
    assert document.member_count == 1
