from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from llm.key_check import check_encryption_keys


class LLMConfig(AppConfig):
    name = "llm"
    verbose_name = _("Models and providers")

    def ready(self) -> None:
        register(check_encryption_keys)
