"""Signed tokens for programs: JWT (RFC 7519) with explicit types (RFC 8725, section 3.11).

Access and refresh tokens differ in key, `typ` and `aud`, so that neither passes for the other,
nor for anything else this installation signs.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.models import ApiLogin, User

ISSUER = "lontar"
ALGORITHM = "HS256"
ACCESS_LIFE = timedelta(minutes=30)
REFRESH_LIFE = timedelta(days=7)
# Between the clocks of two web processes; expiry itself gets the same.
LEEWAY = timedelta(seconds=10)
# Ours have about 450 characters: longer ones are not worth the work of reading.
LONGEST = 2000


class Kind(enum.Enum):
    ACCESS = "access"
    REFRESH = "refresh"

    @property
    def typ(self) -> str:
        return f"{self.value}+jwt"

    @property
    def audience(self) -> str:
        return f"lontar-{self.value}"

    @property
    def life(self) -> timedelta:
        return ACCESS_LIFE if self is Kind.ACCESS else REFRESH_LIFE

    def key(self) -> bytes:
        salt = f"accounts.tokens.{self.value}"
        return salted_hmac(salt, "", secret=settings.SECRET_KEY, algorithm="sha256").digest()


@dataclass(frozen=True)
class Claims:
    user_id: UUID
    login_id: UUID
    number: int
    stamp: str


def stamp(user: User) -> str:
    """Changes with the password and with the session stamp: a token issued before is void."""
    return user.get_session_auth_hash()[:32]


def encode(kind: Kind, login: ApiLogin, user: User, now: datetime) -> str:
    payload = {
        "iss": ISSUER,
        "aud": kind.audience,
        "sub": str(user.pk),
        "sid": str(login.pk),
        "num": login.refresh_number,
        "stamp": stamp(user),
        "iat": now,
        "exp": now + kind.life,
    }
    return jwt.encode(payload, kind.key(), algorithm=ALGORITHM, headers={"typ": kind.typ})


def decode(kind: Kind, raw: str) -> Claims | None:
    """What a genuine, unexpired token of this kind says; None for anything else."""
    if not raw or len(raw) > LONGEST:
        return None
    try:
        token = jwt.decode_complete(
            raw,
            kind.key(),
            algorithms=[ALGORITHM],
            audience=kind.audience,
            issuer=ISSUER,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "sub", "sid", "num", "stamp"]},
        )
        if token["header"].get("typ") != kind.typ:
            return None
        claims = token["payload"]
        return Claims(
            UUID(claims["sub"]), UUID(claims["sid"]), int(claims["num"]), str(claims["stamp"])
        )
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
        return None
