"""Accounts made for others, and how their owners come to a password."""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

from accounts import letters, services, tasks
from accounts.models import User, normalise_email


def account(*, email: str, full_name: str = "") -> User:
    """A student without a usable password; without a name, called by the address."""
    address = normalise_email(email)
    user = User(email=address, full_name=full_name or address.partition("@")[0])
    return services.add_user(user, None, verified=True)


def hand_out(*, actor: User, people: Iterable[User], origin: str) -> list[tuple[User, str]]:
    """Let people choose a password: a letter where mail is sent, else links to hand out.

    Returns (person, link) for each of the latter, which are shown once: a link is as good as the
    account. `origin` is this site as people reach it. Raises Forbidden for who is not below the
    actor's own role.
    """
    people = list(people)
    for person in people:
        services.require_rank_above(actor, person)
    if not settings.EMAIL_CONFIGURED:
        return [(person, letters.link(person, origin)) for person in people]
    ids = [str(person.pk) for person in people]
    transaction.on_commit(lambda: tasks.enqueue_invitations(ids, origin))
    return []
