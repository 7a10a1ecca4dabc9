from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from documents import checks

__all__ = ["DocumentsConfig", "checks"]


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = _("Documents")
