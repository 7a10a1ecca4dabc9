"""Who is calling: the one answer for REST, streams and sockets."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts import api_keys, scopes, tokens
from accounts.models import ApiLogin, User
from core.errors import Forbidden

# How exact "last active" is: a write for every request would cost more than it tells.
ACTIVITY_STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class Caller:
    """A user and the login the request came by (None for a browser session)."""

    user: User
    login_id: UUID | None = None
    key_id: UUID | None = None


def bearer(header: str) -> str | None:
    """The token of an `Authorization: Bearer` header; None for any other header."""
    scheme, _, raw = header.strip().partition(" ")
    return raw.strip() if scheme.lower() == "bearer" else None


def resolve(raw: str, method: str, path: str) -> Caller | None:
    """Who brings this token or key to this address; None when it is no good.

    Raises Forbidden for a good key that does not open the address.
    """
    if raw.startswith(api_keys.BEGINNING):
        return _by_key(raw, method, path)
    claims = tokens.decode(tokens.Kind.ACCESS, raw)
    login = live_login(claims) if claims else None
    if login is None:
        return None
    note_activity(login.user)
    return Caller(login.user, login.pk)


def _by_key(raw: str, method: str, path: str) -> Caller | None:
    key = api_keys.find(raw)
    if key is None:
        return None
    if not scopes.allows(key.scopes, method, path):
        raise Forbidden(_("This API key does not open this part of the API."), code="scope")
    note_activity(key.user)
    return Caller(key.user, key_id=key.pk)


def live_login(claims: tokens.Claims) -> ApiLogin | None:
    """The login of a genuine token, unless it, its user or its stamp has ended since."""
    login = (
        ApiLogin.objects.select_related("user")
        .filter(
            pk=claims.login_id,
            user_id=claims.user_id,
            user__is_active=True,
            ended_at=None,
            expires_at__gt=timezone.now(),
        )
        .first()
    )
    if login is None or not constant_time_compare(tokens.stamp(login.user), claims.stamp):
        return None
    return login


def session_user(session_key: str) -> User | None:
    """The signed-in user of a browser session, checked as Django's middleware does."""
    request: Any = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    return user if user.is_authenticated else None


def still_valid(caller: Caller) -> bool:
    """Whether a caller found a while ago would be let in now: for answers that take long."""
    user = User.objects.filter(pk=caller.user.pk, is_active=True).first()
    if user is None or user.session_stamp != caller.user.session_stamp:
        return False
    ended = ApiLogin.objects.filter(pk=caller.login_id).exclude(ended_at=None)
    if caller.key_id is not None and not api_keys.is_live(caller.key_id):
        return False
    return caller.login_id is None or not ended.exists()


def note_activity(user: User) -> None:
    now = timezone.now()
    if user.last_active_at and now - user.last_active_at < ACTIVITY_STEP:
        return
    stale = Q(last_active_at=None) | Q(last_active_at__lt=now - ACTIVITY_STEP)
    User.objects.filter(stale, pk=user.pk).update(last_active_at=now)
    user.last_active_at = now
