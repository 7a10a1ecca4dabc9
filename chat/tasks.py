import logging
import uuid

from asgiref.sync import async_to_sync
from celery import shared_task
from kombu.exceptions import OperationalError

from chat import generations, summaries

log = logging.getLogger(__name__)


@shared_task(name="chat.tasks.close_abandoned", ignore_result=True, expires=60)
def close_abandoned() -> int:
    """End answers whose process died, so that no page waits for ever."""
    return generations.close_abandoned()


def ask_for_summary(session_id: uuid.UUID) -> None:
    """Have older messages summarised in the background; without a broker they are left out."""
    try:
        summarise.apply_async(args=[str(session_id)], retry=False)
    except (OperationalError, OSError) as error:
        log.warning("no summary for session %s: %s", session_id, error)


@shared_task(name="chat.tasks.summarise", ignore_result=True, expires=3600)
def summarise(session_id: str) -> bool:
    """Keep a short account of what a long session said earlier, for models that cannot hold it."""
    return async_to_sync(summaries.summarise)(uuid.UUID(session_id))
