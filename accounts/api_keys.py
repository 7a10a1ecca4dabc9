"""Personal API keys: made once, stored hashed, taken back at any time.

`lontar_<prefix>_<secret>`: the prefix finds the row and may be shown, the secret has 256 bits, so
that a plain SHA-256 is enough (there is nothing to guess). The fixed beginning lets scanners of
published code find a key that leaked.
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from accounts.scopes import Scope, allows
from accounts.services import doorbell
from core.announce import ring
from core.errors import Conflict, Invalid, NotFound

BEGINNING = "lontar_"
MOST = 50
# Writing "last used" at every request would cost more than it tells.
USE_STEP = timedelta(minutes=5)


def make_key(
    *, actor: User, name: str, scopes: Collection[str] = (), expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """(the stored key, the key itself: shown this once). Without scopes it opens everything."""
    unknown = set(scopes) - set(Scope.values)
    if unknown:
        raise Invalid(_("There is no such scope."), code="unknown_scope")
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(_("Choose a moment in the future for the key to expire."), code="expired")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    raw = f"{BEGINNING}{prefix}_{secret}"
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        if listed(actor).count() >= MOST:
            raise Conflict(
                _("You have 50 keys. Delete one that you do not use, then make another."),
                code="too_many_keys",
            )
        key = ApiKey.objects.create(
            user=actor,
            name=name.strip(),
            prefix=prefix,
            hash=digest(raw),
            scopes=sorted(scopes) or [Scope.ADMIN],
            expires_at=expires_at,
        )
    return key, raw


def listed(user: User) -> QuerySet[ApiKey]:
    """Those that were not taken back, newest first; expired ones too."""
    return ApiKey.objects.filter(user=user, revoked_at=None)


def revoke(*, actor: User, key_id: UUID) -> None:
    """It opens nothing from now on, and what it has opened closes."""
    if not listed(actor).filter(pk=key_id).update(revoked_at=timezone.now()):
        raise NotFound
    user_id = actor.pk
    transaction.on_commit(lambda: ring(doorbell(user_id), {"type": "account"}))


def find(raw: str) -> ApiKey | None:
    """The live key of a live account; notes that it was used."""
    prefix = raw.removeprefix(BEGINNING).partition("_")[0]
    if not 60 >= len(raw) >= 50 or len(prefix) != 8:
        return None
    key = _live(Q(prefix=prefix)).select_related("user").first()
    if key is None or not constant_time_compare(key.hash, digest(raw)):
        return None
    _note_use(key)
    return key


def is_live(key_id: UUID) -> bool:
    return _live(Q(pk=key_id)).exists()


def opens(key_id: UUID, method: str, path: str) -> bool:
    """Whether a key found a while ago may come in at this address now."""
    key = _live(Q(pk=key_id)).first()
    return key is not None and allows(key.scopes, method, path)


def digest(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()


def _live(which: Q) -> QuerySet[ApiKey]:
    now = timezone.now()
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(which, unexpired, revoked_at=None, user__is_active=True)


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    if key.used_at is None or now - key.used_at > USE_STEP:
        ApiKey.objects.filter(pk=key.pk).update(used_at=now)
