"""Celery's door to ingestion. The row decides, so any task may come twice, late or never."""

import logging
from uuid import UUID

from celery import current_app, shared_task
from celery.signals import worker_init, worker_shutting_down
from django.db.models.functions import Now
from kombu.exceptions import ChannelError, OperationalError

from core.priority import WORKER, step_back
from documents import pictures, reembed_lease, reembed_work, stock, summaries, turns, vector_indexes
from documents.ingest import lease, pipeline, postings, reconciler, shelf
from documents.models import Document, ReembedJob, WebSource
from documents.remote import StorageFailed
from documents.web import lease as web_lease
from documents.web import work as web_work
from llm.models import EmbeddingModel

log = logging.getLogger(__name__)
QUEUE = "ingest"


def enqueue(document_id: UUID, priority: int | None = None) -> None:
    """Send a document to the workers and mark its row; without a broker the mark stays empty.

    The reconciler finds rows without the mark, so an upload never fails because Redis is down.
    `priority`: 0 goes first, 9 last; without it as many files of its owner wait (`turns`).
    """
    turn = turns.priority(document_id) if priority is None else priority
    try:
        ingest.apply_async(args=[str(document_id)], queue=QUEUE, retry=False, priority=turn)
    except (OperationalError, OSError) as error:
        log.warning("could not queue document %s: %s", document_id, error)
        return
    Document.objects.filter(id=document_id).update(enqueued_at=Now())


def enqueue_reembed(job_id: UUID) -> None:
    """As `enqueue`, for a change of the embedding model."""
    try:
        reembed.apply_async(args=[str(job_id)], queue=QUEUE, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("could not queue the job %s: %s", job_id, error)
        return
    ReembedJob.objects.filter(id=job_id).update(enqueued_at=Now())


def enqueue_web(source_id: UUID) -> None:
    """As `enqueue`, for a web source."""
    try:
        read_web.apply_async(args=[str(source_id)], queue=QUEUE, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("could not queue the web source %s: %s", source_id, error)
        return
    WebSource.objects.filter(id=source_id).update(enqueued_at=Now())


def enqueue_removal(model_id: int) -> bool:
    """False without a broker: nothing remembers a removal but the message."""
    try:
        remove_embedding_model.apply_async(args=[model_id], queue=QUEUE, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("could not queue the removal of model %s: %s", model_id, error)
        return False
    return True


def waiting() -> int:
    """Messages in the queue that no worker has taken yet."""
    with current_app.connection_for_read() as connection:
        return int(connection.default_channel.queue_declare(QUEUE, passive=True).message_count)


@worker_init.connect
def _step_back(**_details: object) -> None:
    step_back(WORKER)


@worker_shutting_down.connect
def _stop(**_details: object) -> None:
    """A stop is nobody's failed attempt: what is being read goes back to the queue."""
    lease.stop()


@shared_task(name="documents.tasks.ingest")
def ingest(document_id: str) -> None:
    for next_id in pipeline.run(UUID(document_id)):
        enqueue(next_id)
    if summaries.is_wanted(UUID(document_id)):
        enqueue_summary(document_id)


def enqueue_summary(document_id: str, asked_for: bool = False) -> None:
    """Behind what people wait for. One that is lost is written when the file is read again."""
    args = [document_id, asked_for]
    try:
        summarise.apply_async(args=args, queue=QUEUE, retry=False, priority=9)
    except (OperationalError, OSError) as error:
        log.warning("no summary for document %s: %s", document_id, error)


@shared_task(name="documents.tasks.summarise", ignore_result=True)
def summarise(document_id: str, asked_for: bool = False) -> bool:
    return summaries.summarise(UUID(document_id), asked_for=asked_for)


@shared_task(name="documents.tasks.reembed")
def reembed(job_id: str) -> None:
    if reembed_work.run(UUID(job_id)):
        enqueue_reembed(UUID(job_id))


@shared_task(name="documents.tasks.read_web")
def read_web(source_id: str) -> None:
    for next_id in web_work.run(UUID(source_id)):
        enqueue_web(next_id)


@shared_task(name="documents.tasks.build_vector_index", expires=60)
def build_vector_index() -> None:
    for model in EmbeddingModel.objects.filter(is_current=True):
        vector_indexes.build_if_due(model)


@shared_task(name="documents.tasks.remove_embedding_model")
def remove_embedding_model(model_id: int) -> None:
    reembed_work.remove_vectors(model_id)


@shared_task(name="documents.tasks.take_stock", expires=3600)
def take_stock() -> None:
    try:
        stock.take()
    except StorageFailed as error:
        log.warning("the originals could not be looked through: %s", error)


@shared_task(name="documents.tasks.reconcile", expires=60)
def reconcile() -> None:
    try:
        queued = waiting()
    except (OperationalError, OSError, ChannelError):
        queued = 0
    for document_id, priority in reconciler.forgotten(queue_is_empty=queued == 0).items():
        enqueue(document_id, priority=priority)
    for job_id in reembed_lease.due(queue_is_empty=queued == 0):
        enqueue_reembed(job_id)
    for source_id in web_lease.due(queue_is_empty=queued == 0):
        enqueue_web(source_id)
    if any(map(vector_indexes.is_due, EmbeddingModel.objects.filter(is_current=True))):
        build_vector_index.apply_async(queue=QUEUE)
    reconciler.sweep()
    shelf.sweep()
    pictures.sweep()
    postings.rewrite_outdated()
