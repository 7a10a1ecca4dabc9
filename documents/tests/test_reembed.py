"""Changing the embedding model: counted, resumable, cancelable, and searches never mix two."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest
from django.db import connection

from core.errors import Conflict, Forbidden, NotFound
from documents import reembed, reembed_lease, reembed_work, services, slices, switching, tasks
from documents.ingest import lease as leases
from documents.ingest import pipeline, reading
from documents.models import Chunk, ChunkVector, Document, PendingVector, ReembedJob
from llm.base import Batching
from llm.errors import llm_error
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model

# Not in a transaction: indexes are built beside writers, which PostgreSQL does in none.
pytestmark = pytest.mark.django_db(transaction=True)
SIZES = {30000: 8, 30001: 12}


class Embedder:
    """Vectors whose every number is the model's own; remembers and fails on request."""

    batching = Batching(texts=32, at_once=1)

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.texts: list[str] = []
        self.before: Callable[[Sequence[str]], None] = lambda texts: None

    async def embed(self, texts: Sequence[str], kind: str) -> Any:
        assert kind == "document"
        self.before(texts)
        self.texts += texts
        return numpy.full((len(texts), self.dimensions), self.dimensions**-0.5, numpy.float32)


@pytest.fixture
def embedders(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> dict[int, Embedder]:
    """30000 is current, 30001 registered."""
    EmbeddingModel.objects.update(is_current=False)
    for pk, size in SIZES.items():
        EmbeddingModel.objects.create(
            id=pk, kind="local", name=f"m{pk}", dimensions=size, is_current=pk == 30000
        )
    made = {pk: Embedder(size) for pk, size in SIZES.items()}
    for module in (reading, reembed_work):
        monkeypatch.setattr(module, "embedder", lambda model, *_payer: made[model.pk])
    return made


@pytest.fixture(autouse=True)
def sent_jobs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    ids: list[Any] = []
    monkeypatch.setattr(tasks, "enqueue_reembed", ids.append)
    return ids


@pytest.fixture
def read(upload: Any, embedders: Any, alice: Any) -> Callable[..., Document]:
    """Upload and read a text of so many passages."""

    def put(passages: int, name: str) -> Document:
        document = upload(alice, text_of(passages, name), name)
        pipeline.run(document.id)
        document.refresh_from_db()
        assert document.status == "PROCESSED"
        return document

    return put


def text_of(passages: int, name: str) -> bytes:
    """Of one long sentence each, so that no two of them make one passage."""
    part = "the lontar palm gave the leaves on which people wrote for a thousand years, "
    return "\n\n".join(f"{name} number {n}: {part * 7}." for n in range(passages)).encode()


def vectors(pk: int) -> int:
    return ChunkVector.objects.filter(embedding_model_id=pk).count()


def current() -> int:
    return current_embedding_model().pk


def test_a_change_embeds_everything_and_then_takes_over(
    admin: Any, read: Any, embedders: Any, sent_jobs: Any
) -> None:
    read(5, "a.txt")
    read(3, "b.txt")
    total = Chunk.objects.count()
    job = reembed.use(actor=admin, model_id=30001)
    assert sent_jobs == [job.id] and (job.total, job.done, job.progress) == (total, 0, 0)
    assert current() == 30000, "the old one serves"
    assert reembed_work.run(job.id) is False
    job.refresh_from_db()
    assert (job.status, job.done, job.embedded, job.progress) == ("DONE", total, total, 100)
    assert job.finished_at and job.lease_token is None
    assert current() == 30001 and vectors(30001) == vectors(30000) == total
    assert {len(row.vector) for row in ChunkVector.objects.filter(embedding_model=30001)} == {12}
    with connection.cursor() as cursor:
        cursor.execute(
            "select indexdef from pg_indexes where indexname = 'documents_chunkvector_hnsw_30001'"
        )
        assert "halfvec(12)" in cursor.fetchone()[0]
    texts = set(embedders[30001].texts)
    assert texts == set(embedders[30000].texts), "the same header and text"


def test_going_back_costs_nothing(admin: Any, read: Any, embedders: Any) -> None:
    read(4, "a.txt")
    reembed_work.run(reembed.use(actor=admin, model_id=30001).id)
    asked = len(embedders[30000].texts)
    job = reembed.use(actor=admin, model_id=30000)
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert current() == 30000 and job.embedded == 0 and len(embedders[30000].texts) == asked


def test_one_change_at_a_time_and_only_by_admins(
    admin: Any, alice: Any, embedders: Any, sent_jobs: Any
) -> None:
    with pytest.raises(Forbidden):
        reembed.use(actor=alice, model_id=30001)
    with pytest.raises(Conflict, match="in use already"):
        reembed.use(actor=admin, model_id=30000)
    with pytest.raises(NotFound):
        reembed.use(actor=admin, model_id=5)
    reembed.use(actor=admin, model_id=30001)
    EmbeddingModel.objects.create(id=902, kind="local", name="m902", dimensions=4)
    with pytest.raises(Conflict, match="being prepared"):
        reembed.use(actor=admin, model_id=902)
    for call in (reembed.cancel, reembed.remove, reembed.standing):
        with pytest.raises(Forbidden):
            call(actor=alice, model_id=30001)


def test_a_killed_worker_loses_one_batch(admin: Any, read: Any, embedders: Any) -> None:
    """As after kill -9: nobody released the lease, and the reconciler finds the job."""
    read(100, "a.txt")
    total = Chunk.objects.count()
    job = reembed.use(actor=admin, model_id=30001)

    class Killed(BaseException):
        pass

    def kill(texts: Sequence[str]) -> None:
        if len(embedders[30001].texts) >= 64:
            raise Killed

    embedders[30001].before = kill
    with pytest.raises(Killed):
        reembed_work.run(job.id)
    job.refresh_from_db()
    assert (job.status, job.done, vectors(30001)) == ("RUNNING", 64, 64) and job.lease_token
    embedders[30001].before = lambda texts: None
    assert reembed_lease.due(queue_is_empty=True) == [] and not reembed_work.run(job.id)
    assert vectors(30001) == 64, "the lease is respected"
    expire(job)
    assert reembed_lease.due(queue_is_empty=False) == [job.id]
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert job.status == "DONE" and current() == 30001 and vectors(30001) == total
    assert len(embedders[30001].texts) == job.embedded == total, "nothing was embedded twice"


def expire(job: ReembedJob) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update documents_reembedjob set lease_until = now() - interval '1 s' where id = %s",
            [job.id],
        )


def test_canceling_stops_between_batches_and_keeps_what_is_there(
    admin: Any, read: Any, embedders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(100, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)

    real = reembed_work._store

    def store_and_cancel(*args: Any) -> None:
        real(*args)
        reembed.cancel(actor=admin, model_id=30001)

    monkeypatch.setattr(reembed_work, "_store", store_and_cancel)
    reembed_work.run(job.id)
    monkeypatch.setattr(reembed_work, "_store", real)
    job.refresh_from_db()
    assert job.status == "CANCELED" and job.finished_at and current() == 30000
    assert vectors(30001) == 32
    with pytest.raises(Conflict):
        reembed.cancel(actor=admin, model_id=30001)
    reembed_work.run(reembed.use(actor=admin, model_id=30001).id)
    assert current() == 30001 and vectors(30001) == Chunk.objects.count()
    assert len(embedders[30001].texts) <= Chunk.objects.count() + 32, "one batch at most in vain"


def test_a_slice_ends_and_the_job_goes_on(
    admin: Any, read: Any, embedders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(70, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)
    monkeypatch.setattr(slices, "SLICE", 0.0)
    assert reembed_work.run(job.id) is True and vectors(30001) == 0
    monkeypatch.setattr(slices, "SLICE", 30.0)
    monkeypatch.setattr(leases, "_stopping", leases.threading.Event())
    leases.stop()
    assert reembed_work.run(job.id) is False
    job.refresh_from_db()
    assert (job.status, job.lease_token, job.failures) == ("RUNNING", None, 0)
    assert reembed_lease.due(queue_is_empty=False) == [job.id]


def test_trouble_that_passes_is_waited_out(admin: Any, read: Any, embedders: Any) -> None:
    read(3, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)

    def fail(texts: Sequence[str]) -> None:
        raise llm_error("rate_limited")

    embedders[30001].before = fail
    for failure in range(len(reembed_work.PAUSES)):
        reembed_work.run(job.id)
        job.refresh_from_db()
        assert (job.status, job.failures) == ("RUNNING", failure + 1)
        assert job.retry_at and not reembed_work.run(job.id), "not before its time"
        ReembedJob.objects.filter(id=job.id).update(retry_at=None)
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert (job.status, job.error_code, current()) == ("FAILED", "rate_limited", 30000)
    assert "no more requests" in reembed.error_of(job)


@pytest.mark.parametrize("code", ["auth", "spent", "other_dimensions"])
def test_trouble_that_stays_ends_it_at_once(
    admin: Any, read: Any, embedders: Any, code: str
) -> None:
    read(3, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)

    def fail(texts: Sequence[str]) -> None:
        raise llm_error(code)

    embedders[30001].before = fail
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert (job.status, job.error_code, job.failures) == ("FAILED", code, 1)
    assert reembed.error_of(job) and current() == 30000


def test_vectors_of_another_size_never_reach_the_index(
    admin: Any, read: Any, embedders: Any
) -> None:
    read(3, "a.txt")
    embedders[30001].dimensions = 13
    job = reembed.use(actor=admin, model_id=30001)
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("FAILED", "other_dimensions") and vectors(30001) == 0


def test_documents_read_meanwhile_get_both(admin: Any, read: Any, sent_jobs: Any) -> None:
    read(2, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)
    later = read(2, "b.txt")
    assert vectors(30001) == Chunk.objects.filter(document=later).count() > 0
    reembed_work.run(job.id)
    assert current() == 30001 and vectors(30000) == vectors(30001) == Chunk.objects.count()
    read(2, "c.txt")
    assert vectors(30001) == Chunk.objects.count() > vectors(30000), (
        "and only the new one afterwards"
    )


def test_a_new_model_in_trouble_stops_no_upload(
    admin: Any, read: Any, embedders: Any, sent_jobs: Any
) -> None:
    job = reembed.use(actor=admin, model_id=30001)

    def fail(texts: Sequence[str]) -> None:
        raise llm_error("unavailable")

    embedders[30001].before = fail
    read(2, "a.txt")
    assert vectors(30000) > 0 == vectors(30001)
    embedders[30001].before = lambda texts: None
    reembed_work.run(job.id)
    assert current() == 30001 and vectors(30001) == vectors(30000)


def test_a_document_that_is_being_read_during_the_switch_is_not_lost(
    admin: Any,
    read: Any,
    upload: Any,
    alice: Any,
    sent_jobs: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was embedded by the old model only; the store notices that another one took over."""
    read(2, "a.txt")
    late = upload(alice, text_of(2, "late.txt"), "late.txt")
    real = pipeline.store

    def switch_first(*args: Any) -> None:
        monkeypatch.setattr(pipeline, "store", real)
        reembed_work.run(reembed.use(actor=admin, model_id=30001).id)
        real(*args)

    monkeypatch.setattr(pipeline, "store", switch_first)
    pipeline.run(late.id)
    late.refresh_from_db()
    assert (late.status, late.attempts, current()) == ("PROCESSED", 1, 30001)
    chunks = Chunk.objects.filter(document=late)
    for pk, wanted in ((30000, 0), (30001, chunks.count())):
        found = ChunkVector.objects.filter(embedding_model=pk, chunk__in=chunks)
        assert found.count() == wanted


def test_the_switch_waits_for_the_last_passage(admin: Any, read: Any, sent_jobs: Any) -> None:
    read(3, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)
    rows = ReembedJob.objects.filter(id=job.id)
    assert not switching.switch(job, rows, status="DONE")
    assert current() == 30000 and ReembedJob.objects.get().status == "RUNNING"


def test_deleting_a_document_meanwhile_harms_nothing(
    admin: Any, alice: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = read(40, "a.txt")
    read(2, "b.txt")
    job = reembed.use(actor=admin, model_id=30001)

    real = reembed_work._store

    def delete_first(*args: Any) -> None:
        monkeypatch.setattr(reembed_work, "_store", real)
        services.delete(actor=alice, document_id=gone.id)
        real(*args)

    monkeypatch.setattr(reembed_work, "_store", delete_first)
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert job.status == "DONE" and vectors(30001) == Chunk.objects.count() > 0


def test_removal_takes_vectors_index_and_row(admin: Any, read: Any, embedders: Any) -> None:
    read(3, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)
    for pk, code in ((30000, "embedding_in_use"), (30001, "reembed_running")):
        with pytest.raises(Conflict) as caught:
            reembed.remove(actor=admin, model_id=pk)
        assert caught.value.code == code and not reembed_work.remove_vectors(pk)
    reembed_work.run(job.id)
    assert reembed_work.remove_vectors(30000)
    assert (
        vectors(30000) == 0 < vectors(30001)
        and not EmbeddingModel.objects.filter(pk=30000).exists()
    )
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('documents_chunkvector_hnsw_30000')")
        assert cursor.fetchone()[0] is None
    assert not reembed_work.remove_vectors(30000), "twice is no harm"


def test_an_embedding_failure_late_in_a_document_is_not_paid_for_twice(
    alice: Any, upload: Any, embedders: Any
) -> None:
    document = upload(alice, text_of(100, "a.txt"), "a.txt")

    def fail(texts: Sequence[str]) -> None:
        if len(embedders[30000].texts) >= 64:
            raise llm_error("unavailable")

    embedders[30000].before = fail
    pipeline.run(document.id)
    assert PendingVector.objects.count() == 64 and Chunk.objects.count() == 0
    embedders[30000].before = lambda texts: None
    Document.objects.update(retry_at=None)
    pipeline.run(document.id)
    document.refresh_from_db()
    assert document.status == "PROCESSED" and PendingVector.objects.count() == 0
    assert len(embedders[30000].texts) == vectors(30000) == Chunk.objects.count() > 64


def test_deleting_a_document_takes_its_waiting_vectors_along(
    alice: Any, upload: Any, embedders: Any
) -> None:
    document = upload(alice, text_of(100, "a.txt"), "a.txt")

    def fail(texts: Sequence[str]) -> None:
        if embedders[30000].texts:
            raise llm_error("auth")

    embedders[30000].before = fail
    pipeline.run(document.id)
    assert PendingVector.objects.count() == 32
    services.delete(actor=alice, document_id=document.id)
    assert PendingVector.objects.count() == 0


def test_the_reconciler_sends_a_forgotten_job(
    admin: Any, embedders: Any, sent_jobs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = reembed.use(actor=admin, model_id=30001)
    monkeypatch.setattr(tasks, "waiting", lambda: 0)
    sent_jobs.clear()
    tasks.reconcile()
    assert sent_jobs == [job.id]


def test_uploads_at_the_same_time_as_the_switch_are_all_found(
    admin: Any, alice: Any, read: Any, upload: Any
) -> None:
    """Four workers read documents while the change runs to its end."""
    for number in range(4):
        read(3, f"old{number}.txt")
    waiting = [upload(alice, text_of(2, f"new{n}.txt"), f"new{n}.txt").id for n in range(16)]
    job = reembed.use(actor=admin, model_id=30001)

    def in_thread(call: Callable[..., Any], *args: Any) -> None:
        try:
            call(*args)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(in_thread, pipeline.run, each) for each in waiting[:8]]
        futures.append(pool.submit(in_thread, reembed_work.run, job.id))
        futures += [pool.submit(in_thread, pipeline.run, each) for each in waiting[8:]]
        for future in futures:
            future.result()
    reembed_work.run(job.id)
    assert current() == 30001
    assert not Document.objects.exclude(status="PROCESSED").exists()
    assert vectors(30001) == Chunk.objects.count() > 0
    assert not switching.missing(EmbeddingModel.objects.get(pk=30001)).exists()


def test_a_change_that_makes_searches_worse_waits_for_a_yes(
    admin: Any, alice: Any, read: Any, embedders: Any, sent_jobs: Any, monkeypatch: Any
) -> None:
    asked: list[Any] = []

    def objections(job: ReembedJob, going_on: Callable[[], None]) -> list[dict[str, Any]]:
        going_on()
        asked.append(vectors(30001))
        return [{"name": "Exam", "sentence": "It is worse."}]

    monkeypatch.setattr(switching, "objections", objections)
    read(3, "a.txt")
    job = reembed.use(actor=admin, model_id=30001)
    with pytest.raises(Conflict, match="not waiting"):
        reembed.approve(actor=admin, model_id=30001)
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert asked == [Chunk.objects.count()], "all vectors are there when the sets are asked"
    assert job.is_waiting and job.status == "RUNNING" and current() == 30000
    assert reembed_lease.due(queue_is_empty=True) == [], "nobody takes it up"
    # What is read meanwhile gets vectors by both.
    read(2, "b.txt")
    assert vectors(30001) == vectors(30000)
    with pytest.raises(Forbidden):
        reembed.approve(actor=alice, model_id=30001)
    reembed.approve(actor=admin, model_id=30001)
    assert sent_jobs[-1] == job.id
    reembed_work.run(job.id)
    job.refresh_from_db()
    assert job.status == "DONE" and current() == 30001 and len(asked) == 1


def test_the_question_can_be_left_out(
    admin: Any, read: Any, embedders: Any, monkeypatch: Any, settings: Any
) -> None:
    settings.EVALUATE_BEFORE_SWITCH = False
    worse = [{"name": "Exam", "sentence": "It is worse."}]
    monkeypatch.setattr(switching, "objections", lambda *_given: worse)
    read(3, "a.txt")
    reembed_work.run(reembed.use(actor=admin, model_id=30001).id)
    assert current() == 30001
