"""How DRF views learn who is calling, and who may."""

from typing import Any

from rest_framework import authentication, exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import User
from accounts.resolve import Caller, bearer, note_activity, resolve
from core.errors import Forbidden


class BearerAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        raw = bearer(request.headers.get("Authorization", ""))
        if raw is None:
            return None
        caller = resolve(raw, str(request.method), request.path_info)
        if caller is None:
            raise exceptions.AuthenticationFailed
        return caller.user, caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ForgivingBearerAuthentication(BearerAuthentication):
    """For views open to everybody: a token that is no good is no token."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        try:
            return super().authenticate(request)
        except (exceptions.AuthenticationFailed, Forbidden):
            return None


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        note_activity(found[0])
        return found[0], Caller(found[0])


class IsAdmin(BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return bool(request.user.is_authenticated and request.user.is_admin)
