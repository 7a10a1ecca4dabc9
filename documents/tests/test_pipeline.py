"""From UPLOADED to PROCESSED, and every way it can be interrupted."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from documents import collections, lexical, queries, services, storage, tasks, vector_indexes
from documents.ingest import lease as leases
from documents.ingest import origins, pipeline, places, reading, reconciler
from documents.ingest.extract import Crashed
from documents.ingest.frames import Unreadable
from documents.ingest.lease import Lease, LeaseLost
from documents.models import Chunk, ChunkVector, Document, Page, Posting
from documents.tests.conftest import DIMENSIONS, FakeEmbedder
from documents.tests.pdfs import make_pdf
from llm.errors import LLMError
from llm.queries import current_embedding_model
from tests.patience import until

PAGES = ["Lontar leaves were written with a knife.\nThe ink was soot.", "", "Second text page."]
PDF = make_pdf(PAGES, title="Palm leaves")


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Page, Chunk, ChunkVector))


def test_a_pdf_is_read_chunked_embedded_and_stored(alice: Any, ingest: Any) -> None:
    document = ingest(alice, PDF, "palm_leaves.pdf")
    assert (document.status, document.progress, document.stage) == ("PROCESSED", 100, "")
    assert (document.page_count, document.title, document.attempts) == (3, "Palm leaves", 1)
    assert document.lease_token is None and document.lexical_version == lexical.VERSION
    assert counts() == (3, 2, 2)
    chunk = Chunk.objects.first()
    page = Page.objects.get(document=document, number=chunk.page)
    assert page.text[chunk.start : chunk.end] == chunk.text
    vector = ChunkVector.objects.get(chunk_id=chunk.id)
    assert len(vector.vector) == DIMENSIONS
    assert (vector.collection_id, vector.document_id) == (document.collection_id, document.id)


def test_postings_hold_the_bm25_weights_of_header_and_text(alice: Any, ingest: Any) -> None:
    document = ingest(alice, PDF, "palm_leaves.pdf")
    chunk = Chunk.objects.first()
    (knife,) = lexical.document_terms("knife", "en")
    posting = Posting.objects.get(collection_id=document.collection_id, term=knife)
    text = f"palm leaves\n{chunk.text}"
    weights = lexical.weights(lexical.term_counts(text, "en", opening=chunk.text))
    assert posting.chunk_ids == [chunk.id]
    assert posting.weights == pytest.approx([weights[knife]])
    # The file's name can be searched for too.
    (palm,) = lexical.document_terms("palm", "en")
    assert Posting.objects.get(term=palm).chunk_ids == list(
        Chunk.objects.values_list("id", flat=True)
    )


def test_what_is_embedded_has_a_header_and_is_sorted_by_length(
    alice: Any, ingest: Any, embedder: FakeEmbedder
) -> None:
    ingest(alice, PDF, "palm_leaves.pdf")
    (batch,) = embedder.batches
    assert all(text.startswith("palm leaves\n") for text in batch)
    assert [len(text) for text in batch] == sorted(len(text) for text in batch)


@pytest.mark.django_db(transaction=True)
def test_an_hnsw_index_is_built_in_one_go_when_there_is_enough_for_it(
    alice: Any, ingest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(alice, PDF)
    model = current_embedding_model()
    vector_indexes.build_if_due(model)
    assert not vector_indexes.exists(model)
    monkeypatch.setattr(vector_indexes, "BUILD_AT", 2)
    vector_indexes.build_if_due(model)
    assert vector_indexes.exists(model)
    with connection.cursor() as cursor:
        cursor.execute(
            "select indexdef from pg_indexes where indexname = 'documents_chunkvector_hnsw_30000'"
        )
        definition = cursor.fetchone()[0]
    assert f"halfvec({DIMENSIONS})" in definition and "embedding_model_id = 30000" in definition


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (make_pdf(["", ""]), "scan.pdf", "no_text"),
        (PDF[:400], "cut.pdf", "damaged"),
        (b"   \n\n ", "blank.txt", "empty"),
    ],
)
def test_bad_files_fail_with_a_sentence_and_store_nothing(
    alice: Any, ingest: Any, data: bytes, name: str, code: str
) -> None:
    document = ingest(alice, data, name)
    assert (document.status, document.error_code, document.attempts) == ("FAILED", code, 1)
    assert document.error and counts() == (0, 0, 0)


def test_a_missing_original_fails_as_storage(alice: Any, upload: Any, embedder: Any) -> None:
    document = upload(alice, PDF)
    storage.remove(document.filename)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.error_code == "storage"


def test_running_again_changes_nothing_and_reprocessing_replaces(alice: Any, ingest: Any) -> None:
    document = ingest(alice, PDF)
    before = set(Chunk.objects.values_list("id", flat=True))
    pipeline.run(document.id)
    assert set(Chunk.objects.values_list("id", flat=True)) == before
    services.reprocess(actor=alice, document_id=document.id)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.status == "PROCESSED" and counts() == (3, 2, 2)
    assert not before & set(Chunk.objects.values_list("id", flat=True))


def test_originals_are_dropped_where_the_setting_says_so(
    alice: Any, ingest: Any, settings: Any, media: Path
) -> None:
    settings.KEEP_ORIGINAL_FILES = False
    document = ingest(alice, PDF)
    assert document.status == "PROCESSED" and document.filename == ""
    assert not list((media / "documents").glob("*/*"))


def test_the_second_reader_is_tried_when_the_first_dies(
    alice: Any, ingest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = origins.extract

    def first_dies(path: Path, kind: str, second: bool = False) -> Any:
        if not second:
            raise Crashed("damaged", "signal 11")
        return real(path, kind, second=True)

    monkeypatch.setattr(origins, "extract", first_dies)
    document = ingest(alice, PDF)
    assert document.status == "PROCESSED" and Page.objects.first().boxes == b""


def due() -> None:
    Document.objects.update(retry_at=None)


def test_an_embedder_that_is_away_is_tried_three_times_with_pauses(
    alice: Any, ingest: Any, embedder: FakeEmbedder
) -> None:
    embedder.fail_with = [LLMError("away", "unavailable", True) for _try in range(3)]
    document = ingest(alice, PDF)
    assert (document.status, document.attempts, document.error_code) == ("UPLOADED", 1, "")
    assert document.retry_at > timezone.now()
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.attempts == 1, "it must wait for its time"
    for _attempt in range(2):
        due()
        pipeline.run(document.id)
    document.refresh_from_db()
    assert (document.status, document.error_code) == ("FAILED", "embedder")
    services.retry(actor=alice, document_id=document.id)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.status == "PROCESSED"


def test_an_error_of_ours_is_logged_and_tried_again(
    alice: Any, ingest: Any, embedder: FakeEmbedder, caplog: Any
) -> None:
    embedder.fail_with = [ZeroDivisionError()]
    document = ingest(alice, PDF)
    assert document.status == "UPLOADED" and "ZeroDivisionError" in caplog.text
    due()
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.status == "PROCESSED"


def abandon(document: Document, attempts: int = 1) -> None:
    """As a worker killed in the middle leaves the row."""
    Document.objects.filter(id=document.id).update(
        status="PROCESSING",
        stage="embed",
        attempts=attempts,
        lease_token=uuid4(),
        lease_until=timezone.now() - timedelta(seconds=1),
    )


def test_a_killed_workers_document_is_found_and_finished(
    alice: Any, upload: Any, embedder: Any
) -> None:
    document = upload(alice, PDF)
    abandon(document)
    assert reconciler.forgotten(queue_is_empty=False) == {document.id: None}
    pipeline.run(document.id)
    document.refresh_from_db()
    assert (document.status, document.attempts) == ("PROCESSED", 2)


def test_a_living_lease_is_left_alone(alice: Any, upload: Any, embedder: Any) -> None:
    document = upload(alice, PDF)
    lease = Lease.claim(document.id)
    assert lease is not None and Lease.claim(document.id) is None
    assert reconciler.forgotten(queue_is_empty=True) == {}


def test_a_worker_that_is_stopped_counts_no_attempt(
    alice: Any, ingest: Any, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_stopping", threading.Event())
    leases.stop()
    document = ingest(alice, PDF)
    assert (document.status, document.attempts, document.enqueued_at) == ("UPLOADED", 0, None)
    assert not embedder.batches


def test_after_three_killed_workers_it_is_given_up(alice: Any, upload: Any) -> None:
    document = upload(alice, PDF)
    abandon(document, attempts=3)
    assert reconciler.forgotten(queue_is_empty=True) == {}
    document.refresh_from_db()
    assert (document.status, document.error_code) == ("FAILED", "internal")


def test_an_old_copy_that_wakes_late_writes_nothing(
    alice: Any, upload: Any, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = upload(alice, PDF)
    real = pipeline.store
    woken: list[type[BaseException]] = []

    def late(lease: Lease, document: Document, reading: Any) -> None:
        monkeypatch.setattr(pipeline, "store", real)
        abandon(document)
        pipeline.run(document.id)
        ids = set(Chunk.objects.values_list("id", flat=True))
        with pytest.raises(LeaseLost) as caught:
            real(lease, document, reading)
        woken.append(caught.type)
        assert set(Chunk.objects.values_list("id", flat=True)) == ids

    monkeypatch.setattr(pipeline, "store", late)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert woken and document.status == "PROCESSED" and counts() == (3, 2, 2)


@pytest.mark.django_db(transaction=True)
def test_the_same_task_in_parallel_gives_one_set_of_chunks(
    alice: Any, upload: Any, embedder: FakeEmbedder
) -> None:
    document = upload(alice, PDF)
    in_parallel(*[lambda: pipeline.run(document.id)] * 4)
    document.refresh_from_db()
    assert (document.status, document.attempts) == ("PROCESSED", 1)
    assert counts() == (3, 2, 2) and len(embedder.batches) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_file_at_the_same_moment_is_one_document(
    alice: Any, upload: Any, media: Path
) -> None:
    collections.personal_collection(alice)
    found: list[Any] = []
    in_parallel(*[lambda: found.append(upload(alice, PDF).id)] * 6)
    assert len(found) == 6 and len(set(found)) == 1
    assert len([path for path in media.glob("**/*") if path.is_file()]) == 1


def in_parallel(*calls: Callable[[], Any]) -> None:
    def run(call: Callable[[], Any]) -> None:
        try:
            call()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("module", "moment"), [(origins, "extract"), (reading, "passage"), (pipeline, "store")]
)
def test_deleting_while_reading_leaves_no_ghosts(
    alice: Any,
    upload: Any,
    embedder: Any,
    monkeypatch: pytest.MonkeyPatch,
    media: Path,
    module: Any,
    moment: str,
) -> None:
    document = upload(alice, PDF)
    real = getattr(module, moment)

    def deleting(*args: Any, **options: Any) -> Any:
        if Document.objects.exists():
            services.delete(actor=alice, document_id=document.id)
        return real(*args, **options)

    monkeypatch.setattr(module, moment, deleting)
    pipeline.run(document.id)
    assert not Document.objects.exists() and counts() == (0, 0, 0)
    assert not Posting.objects.exists()
    assert not [path for path in media.glob("**/*") if path.is_file()]


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_renewed_while_work_goes_on(
    alice: Any, upload: Any, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT", 0.05)
    lease = Lease.claim(upload(alice, PDF).id)
    assert lease is not None
    Document.objects.update(lease_until=timezone.now())
    soon = timezone.now() + timedelta(seconds=20)
    with lease.kept():
        until(lambda: Document.objects.get().lease_until > soon)
        Document.objects.update(lease_token=uuid4())
        until(lease._lost.is_set)
        with pytest.raises(LeaseLost):
            lease.check()


def test_large_files_leave_a_place_for_small_ones(
    alice: Any, upload: Any, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_places", threading.BoundedSemaphore(1))
    large, small = upload(alice, PDF, "large.pdf"), upload(alice, make_pdf(["Small."]), "s.pdf")
    Document.objects.filter(id=large.id).update(is_large=True)
    with places._places:
        assert pipeline.run(large.id) == []
        pipeline.run(small.id)
    large.refresh_from_db()
    small.refresh_from_db()
    assert (small.status, large.status, large.enqueued_at) == ("PROCESSED", "UPLOADED", None)
    assert large.attempts == 0


def test_a_long_file_turns_out_to_be_large(
    alice: Any, upload: Any, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(reading, "LARGE_PAGES", 2)
    first, second = upload(alice, PDF, "a.pdf"), upload(alice, make_pdf(["x", "y", "z"]), "b.pdf")
    with places._places:
        pipeline.run(first.id)
    first.refresh_from_db()
    assert (first.status, first.attempts, first.is_large) == ("UPLOADED", 0, True)
    assert pipeline.run(second.id) == [first.id], "who gives a place back calls the next one"


def test_the_reconciler_sends_what_was_forgotten(
    alice: Any, upload: Any, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = upload(alice, PDF)
    long_ago = timezone.now() - timedelta(minutes=1)
    monkeypatch.setattr(tasks, "waiting", lambda: 0)
    Document.objects.update(enqueued_at=None)
    tasks.reconcile()
    assert len(sent) == 1, "a moment after its upload it is not forgotten yet"
    Document.objects.update(uploaded_at=long_ago)
    tasks.reconcile()
    assert sent == [str(document.id)] * 2
    tasks.reconcile()
    assert len(sent) == 2
    Document.objects.update(enqueued_at=long_ago)
    tasks.reconcile()
    assert len(sent) == 3, "the queue is empty, so its message was lost"


def test_cut_uploads_are_swept(alice: Any, upload: Any, media: Path, monkeypatch: Any) -> None:
    document = upload(alice, PDF)
    cut = storage.Incoming()
    cut.write(b"half")
    assert reconciler.sweep() == 0
    monkeypatch.setattr(reconciler, "FILE_AGE", -1)
    assert reconciler.sweep() == 1
    assert storage.path_of(document.filename).exists()


def test_rectangles_join_words_to_lines(alice: Any, ingest: Any) -> None:
    document = ingest(alice, PDF)
    chunk = Chunk.objects.first()
    page = queries.page(alice, document.id, 1, chunk_id=chunk.id)
    assert (page.start, page.end, page.page_count) == (chunk.start, chunk.end, 3)
    assert len(page.rects) == 2, "two lines of text"
    for x0, y0, x1, y1 in page.rects:
        assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
    assert page.rects[0][1] < page.rects[1][1]
    assert len(queries.page(alice, document.id, 1, start=0, end=6).rects) == 1


def test_unreadable_is_final(alice: Any, ingest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_options: Any) -> Any:
        raise Unreadable("too_slow")

    monkeypatch.setattr(origins, "extract", refuse)
    document = ingest(alice, PDF)
    assert (document.status, document.error_code, document.attempts) == ("FAILED", "too_slow", 1)
