"""Single-use tickets that open one WebSocket.

A browser cannot set headers on a socket, and a token in an address would land in access logs;
a ticket there is spent by the time anybody reads the log.
"""

import hashlib
import json
import secrets
from uuid import UUID

from accounts import tokens
from accounts.models import User
from core.redis import key, sync_client

LIFE_SECONDS = 60


def issue(user: User, login_id: UUID | None = None) -> str:
    """A ticket for `?ticket=`; with the login of a program, the socket ends with that login."""
    raw = secrets.token_urlsafe(32)
    value = {"user": str(user.pk), "login": str(login_id or ""), "stamp": tokens.stamp(user)}
    sync_client().set(_key(raw), json.dumps(value), ex=LIFE_SECONDS)
    return raw


def redeem(raw: str) -> tuple[UUID, UUID | None, str] | None:
    """(user id, login id, stamp) the first time within a minute; None ever after."""
    if not 20 <= len(raw) <= 100:
        return None
    stored = sync_client().getdel(_key(raw))
    if stored is None:
        return None
    value = json.loads(str(stored))
    login_id = UUID(value["login"]) if value["login"] else None
    return UUID(value["user"]), login_id, value["stamp"]


def _key(raw: str) -> str:
    # Hashed: who can read Redis must not be able to spend a ticket.
    return key("ws-ticket", hashlib.sha256(raw.encode()).hexdigest())
