"""How ninja endpoints learn who is calling: `auth=caller_auth`, then `request.auth` is the User."""

from django.http import HttpRequest
from ninja.utils import check_csrf

from accounts.models import User
from accounts.resolve import bearer, note_activity, resolve_token
from core.db import in_thread
from core.errors import Forbidden


def _resolve(request: HttpRequest) -> User | None:
    raw = bearer(request.headers.get("Authorization", ""))
    if raw is not None:
        return resolve_token(raw)
    user = request.user
    if not user.is_authenticated:
        return None
    # A session cookie travels by itself, so an unsafe request must prove where it comes from.
    if check_csrf(request) is not None:
        raise Forbidden(code="csrf")
    note_activity(user)
    return user


async def caller_auth(request: HttpRequest) -> User | None:
    user = await in_thread(_resolve, request)
    if user is not None:
        request.user = user
    return user
