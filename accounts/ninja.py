"""How ninja endpoints learn who is calling: `auth=caller_auth`.

Afterwards `request.user` and `request.auth` are the User, and `request.caller` also tells the
login of a program (accounts.resolve.Caller).
"""

from django.http import HttpRequest
from ninja.utils import check_csrf

from accounts.models import User
from accounts.resolve import Caller, bearer, note_activity, resolve
from core.db import in_thread
from core.errors import Forbidden


def _resolve(request: HttpRequest) -> Caller | None:
    raw = bearer(request.headers.get("Authorization", ""))
    if raw is not None:
        return resolve(raw, str(request.method), request.path_info)
    user = request.user
    if not user.is_authenticated:
        return None
    # A session cookie travels by itself, so an unsafe request must prove where it comes from.
    if check_csrf(request) is not None:
        raise Forbidden(code="csrf")
    note_activity(user)
    return Caller(user)


async def caller_auth(request: HttpRequest) -> User | None:
    caller = await in_thread(_resolve, request)
    if caller is None:
        return None
    request.user = caller.user
    request.caller = caller  # type: ignore[attr-defined]
    return caller.user
