"""The schedule as a thread of the worker: `celery worker --beat-thread`.

Celery's own `--beat` forks a second process, sixty megabytes that nobody watches: were it killed,
no document would be taken up again and no broken answer closed.
"""

from typing import Any

from celery import Celery, bootsteps
from celery.beat import EmbeddedService
from click import Option


class BeatThread(bootsteps.StartStopStep):  # type: ignore[misc]
    """Lives and dies with the worker, which the supervisor does watch."""

    def __init__(self, worker: Any, beat_thread: bool = False, **options: Any) -> None:
        self.enabled = beat_thread
        super().__init__(worker, **options)

    def create(self, worker: Any) -> Any:
        return EmbeddedService(worker.app, thread=True, schedule_filename=worker.schedule_filename)


def add_to(app: Celery) -> None:
    app.user_options["worker"].add(
        Option(["--beat-thread"], is_flag=True, help="Run the schedule in this worker too.")
    )
    app.steps["worker"].add(BeatThread)
