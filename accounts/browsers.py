"""Where somebody is logged in: the sessions of their browsers, and the end of each.

The login library keeps a row for each session that was opened at its pages (IP address and
browser); a session from before that gets its row when its owner looks.
"""

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiLogin, User
from accounts.services import doorbell, new_stamp
from core.announce import ring

# First what also calls itself by the names that follow.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class Login:
    """One browser, or one program with tokens (`is_program`)."""

    id: str
    name: str
    address: str
    since: datetime
    is_current: bool = False
    is_program: bool = False


def listed(request: HttpRequest) -> list[Login]:
    """This browser first, then the others, then programs; those that have ended are left out."""
    user = _user(request)
    if not UserSession.objects.filter(session_key=request.session.session_key).exists():
        UserSession.objects.create_from_request(request)
    rows = UserSession.objects.purge_and_list(user)
    found = [
        Login(
            str(row.pk),
            described(row.user_agent),
            row.ip,
            row.created_at,
            is_current=row.session_key == request.session.session_key,
        )
        for row in rows
    ]
    found.sort(key=lambda login: (not login.is_current, -login.since.timestamp()))
    return [*found, *(_program(row) for row in _programs(user))]


def end(request: HttpRequest, login_id: str) -> bool:
    """Log one of one's own out. False where there is none (any more)."""
    user = _user(request)
    ended = _end_browser(user, login_id) or _end_program(user, login_id)
    if ended:
        transaction.on_commit(lambda: ring(doorbell(user.pk), {"type": "account"}))
    return ended


def end_others(request: HttpRequest) -> None:
    """Only this browser stays logged in. API keys stay: each is taken back by itself."""
    user = _user(request)
    with transaction.atomic():
        new_stamp(user)
        _programs(user).update(ended_at=timezone.now(), ended_by=ApiLogin.Ended.BY_OTHERS)
        others = UserSession.objects.filter(user=user)
        for row in others.exclude(session_key=request.session.session_key):
            row.end()
        update_session_auth_hash(request, user)  # also gives this session another key
    transaction.on_commit(lambda: ring(doorbell(user.pk), {"type": "account"}))


def described(user_agent: str) -> str:
    """ "Firefox · Linux"; what is not known is called so."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    return " · ".join(filter(None, (browser, system))) or _("Unknown browser")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the pages ask for a login
    return request.user


def _programs(user: User) -> QuerySet[ApiLogin]:
    return ApiLogin.objects.filter(user=user, ended_at=None, expires_at__gt=timezone.now())


def _program(row: ApiLogin) -> Login:
    name = row.client or _("A program")
    return Login(str(row.pk), name, "", row.created_at, is_program=True)


def _end_browser(user: User, login_id: str) -> bool:
    if not (login_id.isascii() and login_id.isdecimal() and len(login_id) < 10):
        return False
    row = UserSession.objects.filter(user=user, pk=int(login_id)).first()
    if row is not None:
        row.end()
    return row is not None


def _end_program(user: User, login_id: str) -> bool:
    # Compared as text: an id that is none finds nothing.
    row = next((row for row in _programs(user) if str(row.pk) == login_id), None)
    if row is None:
        return False
    ended = {"ended_at": timezone.now(), "ended_by": ApiLogin.Ended.BY_OTHERS}
    return bool(ApiLogin.objects.filter(pk=row.pk, ended_at=None).update(**ended))
