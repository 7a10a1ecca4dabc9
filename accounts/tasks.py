"""Run by beat: nothing about a login is kept for ever. And letters, one by one."""

from collections.abc import Iterable

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from accounts import letters, logins
from accounts.models import User


@shared_task(name="accounts.tasks.forget_logins", ignore_result=True, expires=3600)
def forget_logins() -> None:
    """Drop browser sessions that have expired and API logins that ended a month ago."""
    SessionStore.clear_expired()
    logins.forget_ended()


@shared_task(
    name="accounts.tasks.invite",
    ignore_result=True,
    autoretry_for=(OSError,),  # what smtplib raises is one
    retry_backoff=10,
    retry_kwargs={"max_retries": 5},
)
def invite(user_id: str, origin: str) -> None:
    """The letter with a link to a password, unless the account is gone or switched off."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        letters.invite(user, origin)


def enqueue_invitations(user_ids: Iterable[str], origin: str) -> None:
    for user_id in user_ids:
        invite.delay(user_id, origin)
