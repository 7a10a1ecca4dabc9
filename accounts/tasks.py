"""Run by beat: nothing about a login is kept for ever."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from accounts import logins


@shared_task(name="accounts.tasks.forget_logins", ignore_result=True, expires=3600)
def forget_logins() -> None:
    """Drop browser sessions that have expired and API logins that ended a month ago."""
    SessionStore.clear_expired()
    logins.forget_ended()
