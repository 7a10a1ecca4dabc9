"""Run by beat: a local server that was started after Lontar shows up without a restart."""

from celery import shared_task

from llm import services


@shared_task(name="llm.tasks.refresh_registry")  # type: ignore[untyped-decorator]
def refresh_registry() -> None:
    services.sync_registry()
