"""Secrets at rest: sealed with Fernet keys that are kept outside the database.

A sealed value is ``<fingerprint>:<token>``. The fingerprint names the key without giving it away,
so that rotation finds what is left to do by a prefix, and a missing key can be asked for by name.
Sealed together with the secret is what it is for (such as an address): a value that was copied or
moved to something else does not open.

Fernet: https://github.com/fernet/spec. FIELD_ENCRYPTION_KEYS: the first seals, all open.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models
from django.db.models import Q


class SealedField(models.TextField):  # type: ignore[type-arg]
    """Holds what ``seal`` returns, as it is: reading a row never opens a secret.

    ``manage.py rotate_keys`` looks after every field of this class.
    """


class NoKey(Exception):
    """There is no key to seal with."""


class CannotOpen(Exception):
    """Sealed with a key that is not there, or for something else, or damaged."""


def fingerprint(key: str) -> str:
    return hashlib.sha256(b"lontar key name\0" + key.encode()).hexdigest()[:8]


def is_sound(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key.encode())) == 32
    except ValueError:
        return False


def known() -> list[str]:
    """Fingerprints of the keys there are; the first one seals."""
    return list(_ring(tuple(settings.FIELD_ENCRYPTION_KEYS)))


def seal(secret: str, purpose: Sequence[str]) -> str:
    """Raises ``NoKey``."""
    ring = _ring(tuple(settings.FIELD_ENCRYPTION_KEYS))
    for name, key in ring.items():
        plain = json.dumps({"for": list(purpose), "secret": secret})
        return f"{name}:{key.encrypt(plain.encode()).decode()}"
    raise NoKey


def unseal(sealed: str, purpose: Sequence[str]) -> str:
    """The secret; raises ``CannotOpen``."""
    content = json.loads(_open(sealed))
    if content["for"] != list(purpose):
        raise CannotOpen
    return str(content["secret"])


def reseal(sealed: str) -> str:
    """The same, sealed with the first key. Raises ``CannotOpen`` and ``NoKey``."""
    ring = _ring(tuple(settings.FIELD_ENCRYPTION_KEYS))
    plain = _open(sealed)
    for name, key in ring.items():
        return f"{name}:{key.encrypt(plain).decode()}"
    raise NoKey


def sealed_with(sealed: str) -> str:
    """The fingerprint of the key a value was sealed with."""
    return sealed.partition(":")[0]


def opens(field: str) -> Q:
    """Rows whose sealed field was made with a key that is there."""
    found = Q(pk__in=[])
    for name in known():
        found |= Q(**{f"{field}__startswith": f"{name}:"})
    return found


def _open(sealed: str) -> bytes:
    name, _, token = sealed.partition(":")
    key = _ring(tuple(settings.FIELD_ENCRYPTION_KEYS)).get(name)
    if key is None:
        raise CannotOpen
    try:
        return key.decrypt(token.encode())
    except InvalidToken as error:
        raise CannotOpen from error


@functools.lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> dict[str, Fernet]:
    return {fingerprint(key): Fernet(key) for key in keys if is_sound(key)}
