"""One effect for a request that is sent twice (header `Idempotency-Key`).

The key is locked for the length of the transaction that carries the request out: a second request
at the same moment waits, then finds the first one's result.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.models import IdempotentRequest


def fingerprint(*parts: Any) -> str:
    """SHA-256 of the parts as JSON: what must be equal for two requests to be the same one."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def once(
    user_id: uuid.UUID, key: str, print_: str, effect: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """Run `effect` unless `key` was used before; return (its result, whether it ran now).

    Without a key it always runs. The result must be JSON. Raises Invalid (422) when the key was
    used with another request.
    """
    if not key:
        return effect(), True
    if len(key) > 200:
        raise Invalid(_("An Idempotency-Key has at most 200 characters."), code="bad_key")
    with transaction.atomic():
        _lock(user_id, key)
        earlier = IdempotentRequest.objects.filter(user_id=user_id, key=key).first()
        if earlier is not None:
            if earlier.fingerprint != print_:
                raise Invalid(
                    _("This Idempotency-Key was used with another request. Send a new key."),
                    code="key_reused",
                )
            return earlier.result, False
        result = effect()
        IdempotentRequest.objects.create(
            user_id=user_id, key=key, fingerprint=print_, result=result
        )
        return result, True


def _lock(user_id: uuid.UUID, key: str) -> None:
    digest = hashlib.sha256(f"{user_id}:{key}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number])
