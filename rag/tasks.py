"""Celery's door to evaluations. The row decides, so a task may come twice, late or never."""

import logging
from uuid import UUID

from celery import shared_task
from kombu.exceptions import OperationalError

from rag import rerankers
from rag.evaluation import work

log = logging.getLogger(__name__)


def enqueue(run_id: UUID) -> None:
    """Without a broker the sweep finds the run later."""
    try:
        evaluate.apply_async(args=[str(run_id)], retry=False)
    except (OperationalError, OSError) as error:
        log.warning("could not queue the evaluation %s: %s", run_id, error)


@shared_task(name="rag.tasks.evaluate", ignore_result=True)  # type: ignore[untyped-decorator]
def evaluate(run_id: str) -> None:
    if work.work(UUID(run_id)):
        enqueue(UUID(run_id))
    else:
        rerankers.settle()


@shared_task(name="rag.tasks.resume_evaluations", ignore_result=True, expires=60)  # type: ignore[untyped-decorator]
def resume_evaluations() -> None:
    """Take up runs whose worker died, or that met an error of the embedder."""
    for run_id in work.unfinished():
        enqueue(run_id)
    rerankers.settle()
