"""Single-use tickets that open one WebSocket.

A browser cannot set headers on a socket, and a token in an address would land in access logs;
a ticket there is spent by the time anybody reads the log.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from uuid import UUID

from accounts import tokens
from accounts.resolve import Caller
from core.redis import key, sync_client

LIFE_SECONDS = 60


@dataclass(frozen=True)
class Spent:
    user_id: UUID
    stamp: str
    login_id: UUID | None
    key_id: UUID | None


def issue(caller: Caller) -> str:
    """A ticket for `?ticket=`; the socket ends with the login or the key of the program."""
    raw = secrets.token_urlsafe(32)
    value = {
        "user": str(caller.user.pk),
        "stamp": tokens.stamp(caller.user),
        "login": str(caller.login_id or ""),
        "key": str(caller.key_id or ""),
    }
    sync_client().set(_key(raw), json.dumps(value), ex=LIFE_SECONDS)
    return raw


def redeem(raw: str) -> Spent | None:
    """What it stands for the first time within a minute; None ever after."""
    if not 20 <= len(raw) <= 100:
        return None
    stored = sync_client().getdel(_key(raw))
    if stored is None:
        return None
    value = json.loads(str(stored))
    login_id, key_id = (UUID(value[name]) if value[name] else None for name in ("login", "key"))
    return Spent(UUID(value["user"]), value["stamp"], login_id, key_id)


def _key(raw: str) -> str:
    # Hashed: who can read Redis must not be able to spend a ticket.
    return key("ws-ticket", hashlib.sha256(raw.encode()).hexdigest())
