"""The second factor's secrets, sealed like the providers' keys."""

import base64
import logging
import secrets

from allauth.mfa.adapter import DefaultMFAAdapter

from core import sealing

log = logging.getLogger(__name__)
PURPOSE = ["second factor"]


class MFAAdapter(DefaultMFAAdapter):
    """Without FIELD_ENCRYPTION_KEYS the settings offer no factor that has a secret."""

    def encrypt(self, text: str) -> str:
        return sealing.seal(text, PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; where its key is lost, one that no code fits: the door stays closed."""
        try:
            return sealing.unseal(encrypted_text, PURPOSE)
        except sealing.CannotOpen:
            name = sealing.sealed_with(encrypted_text)
            log.warning("a second factor needs the encryption key %s, which is missing", name)
            return base64.b32encode(secrets.token_bytes(20)).decode()
