"""ZIP archives: what is in them becomes documents, the rest is told by name."""

import io
import zipfile
from typing import Any

import pytest

from documents import reasons, services
from documents.ingest import archives, pipeline
from documents.ingest.readers import archive as reader
from documents.models import Document
from documents.tests.office import make_docx, p, zipped
from documents.tests.pdfs import make_pdf

MEMBERS: dict[str, str | bytes] = {
    "kuliah/minggu 1/lontar.pdf": make_pdf(["Palm leaves and soot."]),
    "kuliah/catatan.docx": make_docx(p("Catatan kuliah.")),
    "nilai.csv": "nama,nilai\nSari,9\n",
    "__MACOSX/kuliah/._catatan.docx": b"\0\1",
    "kuliah/.DS_Store": b"\0",
    "gambar.png": b"\x89PNG\r\n\x1a\n\0\0",
    "kosong.txt": b"",
    "dalam.zip": zipped({"a.txt": "Halo semua."}),
    "../../etc/passwd.txt": "Halo dunia.",
}


def refusals(document: Document) -> dict[str, str]:
    return {row["name"]: row["code"] for row in document.refused}


def test_each_file_becomes_a_document_named_by_its_path(alice: Any, ingest: Any) -> None:
    document = ingest(alice, zipped(MEMBERS), "kuliah.zip")
    assert (document.status, document.kind, document.member_count) == ("PROCESSED", "zip", 3)
    members = document.members.order_by("original_filename")
    assert [(m.original_filename, m.kind, m.status) for m in members] == [
        ("kuliah/catatan.docx", "docx", "UPLOADED"),
        ("kuliah/minggu 1/lontar.pdf", "pdf", "UPLOADED"),
        ("nilai.csv", "csv", "UPLOADED"),
    ]
    assert {m.owner_id for m in members} == {alice.id}
    assert {m.collection_id for m in members} == {document.collection_id}
    assert refusals(document) == {
        "gambar.png": "wrong_type",
        "kosong.txt": "empty",
        "dalam.zip": "nested",
        "etc/passwd.txt": "outside",
    }
    assert document.remark == "3 files were taken from this archive. 4 were not."
    told = {row["name"]: row["reason"] for row in document.refusals}
    assert told["gambar.png"].startswith("This is a picture.")
    for _name, sentence in reasons.refusals(document.refused):
        assert sentence


def test_its_files_are_read_like_uploads(alice: Any, ingest: Any) -> None:
    document = ingest(alice, zipped({"a.txt": "Satu kalimat."}), "a.zip")
    (member,) = document.members.all()
    pipeline.run(member.id)
    member.refresh_from_db()
    assert member.status == "PROCESSED" and member.chunks.get().text == "Satu kalimat."


def test_the_members_are_sent_to_the_workers(alice: Any, upload: Any, embedder: Any) -> None:
    document = upload(alice, zipped({"a.txt": "Satu.", "b.txt": "Dua."}), "a.zip")
    assert set(pipeline.run(document.id)) == set(document.members.values_list("id", flat=True))


def test_a_worker_killed_in_the_middle_leaves_no_doubles(
    alice: Any, ingest: Any, monkeypatch: pytest.MonkeyPatch, media: Any
) -> None:
    real, calls = archives._take, []

    def killed(*args: Any) -> Any:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*args)

    monkeypatch.setattr(archives, "_take", killed)
    files = {f"{n}.txt": f"Kalimat {n}." for n in range(4)}
    with pytest.raises(KeyboardInterrupt):
        ingest(alice, zipped(files), "a.zip")
    monkeypatch.setattr(archives, "_take", real)
    document = Document.objects.get(kind="zip")
    assert document.members.count() == 2
    Document.objects.filter(id=document.id).update(status="UPLOADED", lease_token=None)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.members.count() == 4 and document.member_count == 4
    assert not list((media / "incoming").glob("*"))


def test_the_same_archive_again_changes_nothing(alice: Any, ingest: Any) -> None:
    document = ingest(alice, zipped({"a.txt": "Satu."}), "a.zip")
    before = set(Document.objects.values_list("id", flat=True))
    services.reprocess(actor=alice, document_id=document.id)
    pipeline.run(document.id)
    assert set(Document.objects.values_list("id", flat=True)) == before


def test_deleting_the_archive_keeps_what_came_out_of_it(alice: Any, ingest: Any) -> None:
    document = ingest(alice, zipped({"a.txt": "Satu."}), "a.zip")
    services.delete(actor=alice, document_id=document.id)
    assert Document.objects.get().original_filename == "a.txt"


def encrypted(names: list[str]) -> bytes:
    """An archive whose files say that they are encrypted."""
    data = bytearray(zipped(dict.fromkeys(names, "rahasia sekali")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(mark, place + 1)
    return bytes(data)


def overlapping() -> bytes:
    """Two entries of the directory over one file's bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x" * 1000)
        archive.writestr("b.txt", "x" * 1000)
        archive.getinfo("b.txt").header_offset = 0
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped({}), "archive_empty"),
        (zipped({"a.exe": b"MZ\0\0"}), "archive_empty"),
        (encrypted(["a.txt", "b.txt"]), "encrypted"),
        (zipped({f"{n}.txt": "x" for n in range(501)}), "archive_large"),
        (zipped({"a.txt": b"0" * 60_000_000}), "archive_large"),
        (overlapping(), "archive_large"),
        (zipped({"a.txt": "Satu."})[:-30], "damaged"),
    ],
    ids=["no-file", "nothing-readable", "encrypted", "many", "bomb", "overlapping", "cut"],
)
def test_hostile_archives_have_a_reason(alice: Any, ingest: Any, data: bytes, code: str) -> None:
    """AnythingLLM CVE-2026-32719 (zip slip), GHSA-vjrp-43mm-j7vw (links), Gradio CVE-2024-10569
    (bombs)."""
    document = ingest(alice, data, "a.zip")
    assert (document.status, document.error_code) == ("FAILED", code)
    assert document.error and Document.objects.count() == 1


def test_a_file_that_lies_about_its_size_is_refused(alice: Any, ingest: Any) -> None:
    data = bytearray(zipped({"a.txt": "x" * 5000, "b.txt": "Satu kalimat."}))
    place = data.find(b"PK\x01\x02")
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    document = ingest(alice, bytes(data), "a.zip")
    assert document.member_count == 1 and refusals(document) == {"a.txt": "damaged"}


def test_a_file_larger_than_an_upload_is_refused(alice: Any, ingest: Any, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 1
    big = "".join(f"{n} kata " for n in range(200_000))
    document = ingest(alice, zipped({"a.txt": big, "b.txt": "Satu."}), "a.zip")
    assert refusals(document) == {"a.txt": "too_large"}


def test_links_are_not_followed(tmp_path: Any) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("a.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("b.txt", "x")
    first = next(reader.read(str(path)))
    assert (first.name, first.code) == ("a.txt", "link")


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Müller é.txt", "größe.txt"], "cp437"),
        (["日本語の資料.txt", "データベース入門.txt"], "cp932"),
        (["数据库管理系统.txt"], "gb18030"),
        (["лекция первая.txt", "файл.txt"], "cp866"),
        (["catatan é.txt"], "utf-8"),
    ],
)
def test_names_in_the_writers_own_table(tmp_path: Any, names: list[str], encoding: str) -> None:
    """Windows writes names so, without a word on the table."""
    path = tmp_path / "x.zip"
    raw = {name: name.encode(encoding) for name in names}
    stand_ins = {name: "YZ"[number] * len(raw[name]) for number, name in enumerate(names)}
    data = zipped(dict.fromkeys(stand_ins.values(), "Isi."))
    for name, stand_in in stand_ins.items():
        data = data.replace(stand_in.encode(), raw[name])
    path.write_bytes(data)
    assert [member.name for member in reader.read(str(path)) if member.last] == names


def test_folders_called_as_in_office_files_make_no_office_file(alice: Any, ingest: Any) -> None:
    document = ingest(alice, zipped({"xl/a.txt": "Satu kalimat."}), "a.zip")
    assert (document.kind, document.member_count) == ("zip", 1)
