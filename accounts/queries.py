"""Read side of people."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from core.errors import Forbidden, NotFound


def listed_users(*, actor: User, search: str = "") -> QuerySet[User]:
    """Everybody, newest first, for admins; every word of `search` must occur in name or email."""
    if not actor.is_admin:
        raise Forbidden
    users = User.objects.all()
    for word in search.replace("\x00", " ").split()[:10]:
        users = users.filter(Q(full_name__icontains=word) | Q(email__icontains=word))
    return users


def get_user(*, actor: User, user_id: UUID) -> User:
    if not actor.is_admin and actor.pk != user_id:
        raise NotFound
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound
    return user
