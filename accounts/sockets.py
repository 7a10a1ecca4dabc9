"""Who opens a WebSocket, and that it closes when that right ends.

`CallerMiddleware` stands outside the URL router. It checks the origin itself: a foreign page can
make a browser send the cookie but neither a bearer token nor a ticket, so programs, which send
no Origin at all, pass with one of those and never with a cookie.

Consumers find `scope["user"]`, fresh to within RECHECK_SECONDS of every frame they get.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import constant_time_compare

from accounts import api_keys, resolve, tickets, tokens
from accounts.models import ApiLogin, User
from accounts.watching import holds, until_ended
from core.db import in_thread
from core.errors import Forbidden

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

# An idle socket is watched; a busy one is also checked before a frame is handed on.
RECHECK_SECONDS = 5
CLOSE_UNAUTHENTICATED = 4401


@dataclass(frozen=True)
class Grant:
    """What a socket was opened with, and how to look whether it still holds."""

    user: User
    session_key: str = ""
    login_id: UUID | None = None
    stamp: str = ""
    key_id: UUID | None = None

    def renew(self) -> User | None:
        """The user as stored now, or None when the right has ended."""
        if self.session_key:
            return resolve.session_user(self.session_key)
        user = User.objects.filter(pk=self.user.pk, is_active=True).first()
        if user is None or not constant_time_compare(tokens.stamp(user), self.stamp):
            return None
        if self.login_id and not ApiLogin.objects.filter(pk=self.login_id, ended_at=None).exists():
            return None
        if self.key_id and not api_keys.is_live(self.key_id):
            return None
        return user


class CallerMiddleware:
    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        grant = await in_thread(open_grant, scope)
        if grant is None:
            # Closed before it is accepted, which the client sees as HTTP 403.
            await receive()
            await send({"type": "websocket.close", "code": CLOSE_UNAUTHENTICATED})
            return
        ended = asyncio.create_task(until_ended(grant.user.pk, partial(_look, grant)))
        try:
            guarded = _Guarded(grant, receive, send, ended)
            await self.app({**scope, "user": grant.user}, guarded, send)
        finally:
            ended.cancel()
            with suppress(asyncio.CancelledError):
                await ended


class _Guarded:
    """`receive` of the inner application: ends with a disconnect when the right ends."""

    def __init__(
        self,
        grant: Grant,
        receive: Receive,
        send: Send,
        ended: "asyncio.Task[None]",
    ) -> None:
        self.grant, self.receive, self.send, self.ended = grant, receive, send, ended
        self.checked = time.monotonic()

    async def __call__(self) -> dict[str, Any]:
        frame = asyncio.ensure_future(self.receive())
        try:
            await asyncio.wait({frame, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            frame.cancel()
            raise
        if not self.ended.done():
            message = frame.result()
            if message["type"] != "websocket.receive" or await self._still_allowed():
                return message
        frame.cancel()
        await self.send({"type": "websocket.close", "code": CLOSE_UNAUTHENTICATED})
        return {"type": "websocket.disconnect", "code": CLOSE_UNAUTHENTICATED}

    async def _still_allowed(self) -> bool:
        if time.monotonic() - self.checked < RECHECK_SECONDS:
            return True
        self.checked = time.monotonic()
        return await holds(partial(_look, self.grant))


def _look(grant: Grant) -> bool:
    user = grant.renew()
    if user is None:
        return False
    # In place: routers copy the scope, so only the object itself reaches the consumer.
    vars(grant.user).update(vars(user))
    return True


def open_grant(scope: dict[str, Any]) -> Grant | None:
    """Who opens this socket; None for nobody, for a bad credential and for a foreign page."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get("origin")
    if origin is not None and not _own_origin(origin, headers.get("host", "")):
        return None
    raw = resolve.bearer(headers.get("authorization", ""))
    if raw is not None:
        return _by_bearer(raw, scope["path"])
    ticket = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("ticket")
    if ticket:
        return _by_ticket(ticket[0], scope["path"])
    return _by_session(headers.get("cookie", "")) if origin is not None else None


def _by_bearer(raw: str, path: str) -> Grant | None:
    try:
        caller = resolve.resolve(raw, "GET", path)
    except Forbidden:
        return None
    if caller is None:
        return None
    stamp = tokens.stamp(caller.user)
    return Grant(caller.user, login_id=caller.login_id, stamp=stamp, key_id=caller.key_id)


def _by_ticket(raw: str, path: str) -> Grant | None:
    spent = tickets.redeem(raw)
    user = User.objects.filter(pk=spent.user_id).first() if spent else None
    if spent is None or user is None:
        return None
    if spent.key_id and not api_keys.opens(spent.key_id, "GET", path):
        return None
    grant = Grant(user, login_id=spent.login_id, stamp=spent.stamp, key_id=spent.key_id)
    return grant if grant.renew() else None


def _by_session(cookies: str) -> Grant | None:
    session_key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")
    user = resolve.session_user(session_key) if session_key else None
    if user is None:
        return None
    resolve.note_activity(user)
    return Grant(user, session_key=session_key)


def _own_origin(origin: str, host: str) -> bool:
    """Whether a page of this site speaks: same host and port, or an origin named as trusted."""
    if origin.lower() in (trusted.lower() for trusted in settings.CSRF_TRUSTED_ORIGINS):
        return True
    allowed = settings.ALLOWED_HOSTS
    domain, _ = split_domain_port(host.lower())
    parts = urlsplit(origin.lower())
    return (
        parts.scheme in ("http", "https")
        and parts.netloc == host.lower()
        and validate_host(domain, allowed)
    )
