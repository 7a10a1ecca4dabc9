"""Refuse to start with encryption keys that cannot be used."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from core import sealing


def check_encryption_keys(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    wrong = [
        str(place)
        for place, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, 1)
        if not sealing.is_sound(key)
    ]
    if not wrong:
        return []
    return [
        Error(
            f"FIELD_ENCRYPTION_KEYS: number {', '.join(wrong)} is not a key.",
            hint="A key has 44 characters; `manage.py rotate_keys --new-key` prints one. Several "
            "are separated by commas.",
            id="core.E001",
        )
    ]
