"""The address a caller is seen at, as far as the proxies in front are believed.

Only as many entries of X-Forwarded-For count as ALLAUTH_TRUSTED_PROXY_COUNT says: the rest is what
the caller wrote.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))


def scope_address(scope: dict[str, Any]) -> str:
    """The same for a WebSocket."""
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = (scope.get("client") or [""])[0] or ""
    forwarded = [
        value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
    ]
    if forwarded:
        request.META["HTTP_X_FORWARDED_FOR"] = ",".join(forwarded)
    return address(request)
