from celery import shared_task

from chat import generations


@shared_task(name="chat.tasks.close_abandoned", ignore_result=True, expires=60)
def close_abandoned() -> int:
    """End answers whose process died, so that no page waits for ever."""
    return generations.close_abandoned()
