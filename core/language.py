"""The language of a WebSocket's sentences: the account's, else the page's, else the browser's."""

from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header


def scope_language(scope: dict[str, Any], preferred: str = "") -> str:
    headers = dict(scope.get("headers", []))
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        cookies.clear()
    named = cookies.get(settings.LANGUAGE_COOKIE_NAME)
    accepted = headers.get(b"accept-language", b"").decode("latin-1")
    wanted = [preferred, named.value if named else ""]
    wanted += [code for code, _ in parse_accept_lang_header(accepted)]
    for code in filter(None, wanted):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
