from django.apps import AppConfig
from django.core.checks import register

from core.sealing_check import check_encryption_keys
from core.sentences import speak_plainly
from core.strict import take_types_literally


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        register(check_encryption_keys)
        take_types_literally()
        speak_plainly()
