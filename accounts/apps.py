from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.rotation import look_inside

# Where the login library keeps secrets: the key of a TOTP app, the seed of the recovery codes.
MFA_ENTRIES = ("secret", "seed")


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        # Only now: the checks use the login library, which needs the app registry.
        from accounts import checks, limits  # noqa: F401, PLC0415

        settings.ACCOUNT_RATE_LIMITS = limits.LoginRates()

        for entry in MFA_ENTRIES:
            look_inside("mfa.Authenticator", "data", entry)
