import logging
import uuid

from asgiref.sync import async_to_sync
from celery import shared_task
from kombu.exceptions import OperationalError

from chat import generations, summaries
from chat.mydata import work

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


def ask_for_export(export_id: uuid.UUID) -> None:
    """Without a broker the sweep finds the row later."""
    try:
        export_data.apply_async(args=[str(export_id)], retry=False)
    except (OperationalError, OSError) as error:
        log.warning("could not queue the export %s: %s", export_id, error)


@shared_task(name="chat.tasks.export_data", ignore_result=True)
def export_data(export_id: str) -> bool:
    """Put together everything one person said and uploaded."""
    return work.run(uuid.UUID(export_id))


@shared_task(name="chat.tasks.tend_exports", ignore_result=True, expires=60)
def tend_exports() -> None:
    """Take up exports whose worker died, and remove those whose time is over."""
    for export_id in work.unfinished():
        ask_for_export(export_id)
    work.sweep()
