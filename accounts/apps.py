from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        # Only now: the checks use the login library, which needs the app registry.
        from accounts import checks  # noqa: F401, PLC0415
