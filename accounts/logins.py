"""Logins of programs: a pair of tokens, its renewal and its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import resolve, tokens
from accounts.models import ApiLogin, User
from accounts.services import doorbell
from accounts.tokens import Kind
from core.announce import ring
from core.errors import Unauthenticated

# How long an admin can still see that and why a login ended.
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int


def open_login(*, actor: User, client: str = "") -> TokenPair:
    """Tokens for a user whose password (and second factor, if any) has just been checked."""
    now = timezone.now()
    login = ApiLogin.objects.create(
        user=actor, client=client[:200], used_at=now, expires_at=now + tokens.REFRESH_LIFE
    )
    resolve.note_activity(actor)
    return _pair(login, actor, now)


def refresh_login(refresh_token: str) -> TokenPair:
    """The next pair; the token given is spent. Spent a second time, it ends the whole login."""
    claims = tokens.decode(Kind.REFRESH, refresh_token)
    login = resolve.live_login(claims) if claims else None
    if claims is None or login is None:
        raise _refused()
    now = timezone.now()
    # One conditional update decides between two requests that bring the same token.
    renewed = ApiLogin.objects.filter(
        pk=login.pk, refresh_number=claims.number, ended_at=None
    ).update(
        refresh_number=F("refresh_number") + 1,
        used_at=now,
        expires_at=now + tokens.REFRESH_LIFE,
    )
    if not renewed:
        _end(login, ApiLogin.Ended.REUSE)
        raise _refused()
    login.refresh_number = claims.number + 1
    return _pair(login, login.user, now)


def close_login(*, access: resolve.Caller | None = None, refresh_token: str = "") -> bool:
    """End the login an access or refresh token belongs to; False when there is none to end."""
    claims = tokens.decode(Kind.REFRESH, refresh_token) if refresh_token else None
    login_id = claims.login_id if claims else access and access.login_id
    login = ApiLogin.objects.filter(pk=login_id).first() if login_id else None
    if login is None:
        return False
    _end(login, ApiLogin.Ended.LOGOUT)
    return True


def forget_ended() -> int:
    """Drop logins that ended or expired long ago; returns how many."""
    limit = timezone.now() - KEPT
    old = Q(expires_at__lt=limit) | Q(ended_at__lt=limit)
    return ApiLogin.objects.filter(old).delete()[0]


def _end(login: ApiLogin, why: str) -> None:
    ApiLogin.objects.filter(pk=login.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=why
    )
    transaction.on_commit(lambda: ring(doorbell(login.user_id), {"type": "account"}))


def _pair(login: ApiLogin, user: User, now: datetime) -> TokenPair:
    return TokenPair(
        access_token=tokens.encode(Kind.ACCESS, login, user, now),
        refresh_token=tokens.encode(Kind.REFRESH, login, user, now),
        expires_in=int(tokens.ACCESS_LIFE.total_seconds()),
    )


def _refused() -> Unauthenticated:
    return Unauthenticated(_("This login has ended. Log in again."), code="login_ended")
