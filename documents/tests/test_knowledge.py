"""Questions and answers: kept, found as documents are, in and out of tables."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test.client import MULTIPART_CONTENT
from django.utils import timezone

from core.errors import Conflict, Forbidden, Invalid
from documents import queries, tasks
from documents.ingest import pipeline
from documents.knowledge import csv_in, services
from documents.knowledge.models import KnowledgeEntry
from documents.models import Chunk, Document

PATH = "/api/v1/knowledge"
Made = Callable[..., KnowledgeEntry]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def made(admin: Any, sent: list[str], embedder: Any, committed: Any) -> Made:
    """Add a pair and read it."""

    def put(question: str = "When is the exam?", answer: str = "On 3 June.", **fields: Any) -> Any:
        with committed():
            entry = services.add(actor=admin, question=question, answer=answer, **fields)
        read(entry)
        return entry

    return put


def read(entry: KnowledgeEntry) -> Document:
    pipeline.run(entry.document_id)
    return Document.objects.get(id=entry.document_id)


def test_a_pair_is_a_document_that_searches_find(made: Made, sent: list[str]) -> None:
    entry = made("When is the\n  exam?", "On 3 June.\nBring a pen.", category="Exam", tags=["x"])
    document = Document.objects.get(id=entry.document_id)
    assert sent == [str(document.id)]
    assert (document.status, document.kind, document.page_count) == ("PROCESSED", "qa", 1)
    assert document.original_filename == "Q&A: When is the exam?"
    chunk = Chunk.objects.get(document=document)
    assert chunk.text == "When is the exam?\n\nOn 3 June.\nBring a pen."
    assert document.pages.get().text == chunk.text
    assert chunk.heading == "Exam" and chunk.vectors.count() == 1


def test_a_new_answer_is_read_and_the_old_one_serves_until_then(
    made: Made, admin: Any, committed: Any
) -> None:
    entry = made()
    with committed():
        changed = services.update(actor=admin, entry_id=entry.id, answer="On 4 June.")
    assert Chunk.objects.get(document=entry.document_id).text.endswith("On 3 June.")
    assert read(changed).status == "PROCESSED"
    assert Chunk.objects.get(document=entry.document_id).text.endswith("On 4 June.")
    again = services.update(actor=admin, entry_id=entry.id, answer="On 4 June.")
    assert again.document.status == "PROCESSED"


def test_one_question_has_one_answer_in_a_collection(made: Made, admin: Any) -> None:
    made("When?")
    other = made("Where?")
    with pytest.raises(Conflict):
        services.add(actor=admin, question=" when? ", answer="x")
    with pytest.raises(Conflict):
        services.update(actor=admin, entry_id=other.id, question="WHEN?")
    other.refresh_from_db()
    assert other.question == "Where?"


def test_a_pair_goes_with_its_document_and_the_other_way(made: Made, admin: Any) -> None:
    entry, other = made("A?"), made("B?")
    services.delete(actor=admin, entry_id=entry.id)
    Document.objects.get(id=other.document_id).delete()
    assert not KnowledgeEntry.objects.exists() and not Document.objects.exists()


def test_a_failed_pair_can_be_tried_again(made: Made, admin: Any, api: Any) -> None:
    entry = made()
    Document.objects.update(status="FAILED", error_code="embedder")
    assert api(admin).get(f"{PATH}/{entry.id}").json()["error"].endswith(".")
    answer = api(admin).post(f"/api/v1/files/{entry.document_id}/retry")
    assert answer.status_code == 202 and read(entry).status == "PROCESSED"


def test_students_find_it_and_see_no_list(made: Made, alice: Any, api: Any) -> None:
    entry = made()
    page = api(alice).get(f"/api/v1/files/{entry.document_id}/pages/1")
    assert page.json()["text"].startswith("When is the exam?")
    assert api(alice).get(PATH).status_code == 403
    with pytest.raises(Forbidden):
        services.add(actor=alice, question="A?", answer="B")
    with pytest.raises(Forbidden):
        services.import_csv(actor=alice, data=b"question,answer\na,b")


def test_lists_of_files_leave_pairs_out(made: Made, upload: Any, admin: Any, api: Any) -> None:
    entry = made()
    file = upload(admin, b"Palm leaves are written on.", "leaves.txt", collection=entry.collection)
    collection = f"/api/v1/collections/{entry.collection_id}"
    for path in ("/api/v1/files", f"{collection}/files"):
        whole = api(admin).get(path).json()
        assert [row["id"] for row in whole["files"]] == [str(file.pk)] and whole["total"] == 1
        pairs = api(admin).get(f"{path}?kind=qa").json()["files"]
        assert [row["id"] for row in pairs] == [str(entry.document_id)]
    assert api(admin).get(collection).json()["document_count"] == 1
    assert api(admin).get("/api/v1/files?kind=!").status_code == 422
    Document.objects.update(status="UPLOADED")
    assert list(queries.unfinished(admin)) == [file]


def test_forgotten_pairs_wait_behind_what_people_upload(
    made: Made, upload: Any, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = made()
    file = upload(alice, b"Palm leaves are written on.", "leaves.txt")
    ages = {entry.document_id: 9, file.pk: 1}
    for key, minutes in ages.items():
        Document.objects.filter(pk=key).update(
            uploaded_at=timezone.now() - timedelta(minutes=minutes),
            status="UPLOADED",
            enqueued_at=None,
        )
    queued: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "waiting", lambda: 0)
    monkeypatch.setattr(
        tasks.ingest,
        "apply_async",
        lambda args, priority, **_rest: queued.append((args[0], priority)),
    )
    tasks.reconcile()
    assert queued == [(str(file.pk), 0), (str(entry.document_id), 9)]


def test_the_list_is_filtered(made: Made, admin: Any, api: Any) -> None:
    made("When is it?", "Soon.", category="Exam", tags=["date"])
    made("Where is it?", "There.", category="Place", tags=["room", "date"])
    ask = api(admin).get
    whole = ask(PATH).json()
    assert (whole["total"], whole["page"], whole["page_size"]) == (2, 1, 20)
    for query in ("search=soon", "category=exam", "search=when"):
        found = ask(f"{PATH}?{query}").json()["knowledge"]
        assert [row["question"] for row in found] == ["When is it?"], query
    assert ask(f"{PATH}?tag=date").json()["total"] == 2
    assert ask(f"{PATH}?tag=room").json()["total"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "A?"},
        {"question": " ", "answer": "x"},
        {"question": "?", "answer": "x"},
        {"question": "x" * 1001, "answer": "x"},
        {"question": "A?", "answer": "x", "tags": "x"},
        {"question": "A?", "answer": "x", "tags": ["x" * 51]},
        {"question": ["A?"], "answer": "x"},
        {"question": "A?", "answer": "x", "collection_id": "x"},
    ],
)
def test_what_is_missing_is_named(admin: Any, api: Any, body: Any) -> None:
    answer = api(admin).post(PATH, body)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"]
    assert not KnowledgeEntry.objects.exists()


TABLE = """Pertanyaan;Jawaban;Kategori;Tag
Kapan ujian?;3 Juni;Ujian;tanggal, ujian
;tanpa pertanyaan;;
Di mana?;;;
kapan  UJIAN?;lagi;;

Siapa dosennya?;"Dr. Sari;
kantor B2";Orang;
"""


def test_a_table_comes_in_and_each_bad_line_is_named(
    admin: Any, sent: list[str], committed: Any
) -> None:
    preview = services.import_csv(actor=admin, data=TABLE.encode(), preview=True)
    assert (preview.new, preview.changed, preview.unchanged) == (2, 0, 0)
    assert [bad.line for bad in preview.errors] == [3, 4, 5]
    assert all(bad.message.endswith(".") for bad in preview.errors)
    assert not KnowledgeEntry.objects.exists()
    with committed():
        services.import_csv(actor=admin, data=TABLE.encode("utf-8-sig"))
    first = KnowledgeEntry.objects.get(question="Kapan ujian?")
    assert (first.answer, first.category, first.tags) == ("3 Juni", "Ujian", ["tanggal", "ujian"])
    assert KnowledgeEntry.objects.get(question="Siapa dosennya?").answer == "Dr. Sari;\nkantor B2"
    assert len(sent) == 2
    changed = TABLE.replace("3 Juni", "4 Juni").encode("utf-16")
    done = services.import_csv(actor=admin, data=changed)
    assert (done.new, done.changed, done.unchanged) == (0, 1, 1)
    first.refresh_from_db()
    assert first.answer == "4 Juni"


@pytest.mark.parametrize(
    "data", [b"", b"a,b\nc,d", b'question,answer\n"a,b', b"\x00\x01\x02", b"question\nx"]
)
def test_what_is_no_table_is_a_sentence(admin: Any, data: bytes) -> None:
    with pytest.raises(Invalid) as failed:
        services.import_csv(actor=admin, data=data)
    assert str(failed.value).endswith(".")


def test_a_table_is_as_long_as_it_may_be(admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_in, "MOST_ROWS", 3)
    lines = "".join(f"Q{n}?,A\n" for n in range(4))
    with pytest.raises(Exception, match="3 lines"):
        services.import_csv(actor=admin, data=f"question,answer\n{lines}".encode())


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "'=1", " =1", "=HYPERLINK(x)"]


def test_what_goes_out_runs_in_no_spreadsheet_and_comes_back_the_same(admin: Any, api: Any) -> None:
    for number, formula in enumerate(FORMULAS):
        services.add(
            actor=admin,
            question=f"={number} is?",
            answer=formula,
            category=formula.strip()[:100],
            tags=[f"@{number}"],
        )
    answer = api(admin).get(f"{PATH}/export")
    assert answer["Content-Disposition"] == 'attachment; filename="knowledge.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 1 + len(FORMULAS)
    for row in rows[1:]:
        assert all(cell[:1] not in ("=", "+", "-", "@", "\t", "\r") for cell in row)
    done = services.import_csv(actor=admin, data=answer.content)
    assert (done.new, done.changed, done.unchanged) == (0, 0, len(FORMULAS))


def test_the_api_takes_a_file_and_previews_it(admin: Any, api: Any) -> None:
    file = io.BytesIO(TABLE.encode())
    file.name = "faq.csv"
    client = api(admin)
    body = {"csv": TABLE, "preview": True}
    answer = client.post(f"{PATH}/import", body).json()
    assert (answer["preview"], answer["new"], len(answer["errors"])) == (True, 2, 3)
    assert answer["first"][0]["question"] == "Kapan ujian?"
    sent = client.post(f"{PATH}/import", {"file": file}, content_type=MULTIPART_CONTENT)
    assert sent.json()["new"] == 2 and KnowledgeEntry.objects.count() == 2
