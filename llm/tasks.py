"""Run by beat: what changes outside (servers, prices) and in time (budgets, spending)."""

from celery import shared_task

from llm import probing, services
from llm.metering import alerts
from llm.metering.settling import release_expired


@shared_task(name="llm.tasks.refresh_registry")  # type: ignore[untyped-decorator]
def refresh_registry() -> None:
    """A local server that was started after Lontar shows up without a restart."""
    services.sync_registry()


@shared_task(name="llm.tasks.watch_spending", expires=300)  # type: ignore[untyped-decorator]
def watch_spending() -> None:
    """Tell administrators of a costly day; give back what calls of dead processes hold."""
    release_expired()
    alerts.check_spending()


@shared_task(name="llm.tasks.probe_failing", expires=60)  # type: ignore[untyped-decorator]
def probe_failing() -> int:
    """Find out whether models that failed are back, where no student does."""
    return probing.probe_failing()
