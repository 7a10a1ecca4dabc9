"""Checking an email and a password for a program, under the limits of the login page."""

import redis
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.internal import ratelimit
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User, normalise_email
from core.errors import Forbidden, TooMany, Unauthenticated, Unavailable

APP = "allauth.account"


def check_credentials(request: HttpRequest, email: str, password: str) -> User:
    """The user, or one and the same refusal for an unknown address and for a wrong password."""
    limit(request, "login")
    user = _authenticate(request, normalise_email(email), password)
    if user is None:
        raise Unauthenticated(
            _("The email address or the password is not correct."), code="wrong_credentials"
        )
    # From here on the caller has proved to know the password: saying more reveals nothing.
    if not user.is_active:
        raise Forbidden(
            _("This account is switched off. Ask your lecturer or the administrator."),
            code="account_inactive",
        )
    if is_mfa_enabled(user):
        raise Forbidden(
            _("This account uses a second factor, which this way to log in cannot ask for."),
            code="mfa_required",
        )
    return user


def _authenticate(request: HttpRequest, email: str, password: str) -> User | None:
    found: User | None = get_adapter(request).authenticate(request, email=email, password=password)
    return found


def limit(request: HttpRequest, action: str) -> None:
    """Count one use of a limit of the login pages, so that page and API share it."""
    try:
        allowed = ratelimit.consume(request, app=APP, action=action)
    except redis.RedisError as error:
        # Not counting would open the door to guessing for as long as Redis is away.
        raise Unavailable from error
    if not allowed:
        raise TooMany(_seconds(action))


def _seconds(action: str) -> int:
    rates = ratelimit.get_rates(app=APP, action=action)
    return int(max((rate.duration for rate in rates), default=60))


def prove(request: HttpRequest, user: User, password: str) -> None:
    """Whoever holds an open window is not yet its owner: the password again, or a login just now.

    Raises Forbidden (code wrong_password or proof_needed), and TooMany where it is guessed at.
    """
    if password:
        limit(request, "login")
        if _authenticate(request, user.email, password) != user:
            raise Forbidden(_("The password is not correct."), code="wrong_password")
        return
    if not (hasattr(request, "session") and did_recently_reauthenticate(request)):
        raise Forbidden(
            _("Send your password, or log in again and do this within five minutes."),
            code="proof_needed",
        )
