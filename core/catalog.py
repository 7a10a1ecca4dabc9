"""The sentences of the scripts, in the language of a page."""

from typing import Any

from django.conf import settings
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JSONCatalog


def words_for_scripts(language: str) -> dict[str, Any]:
    """The scripts' translated sentences; none for English, which is what the scripts say."""
    if language.startswith("en"):
        return {}
    catalog = JSONCatalog()
    catalog.translation = DjangoTranslation(
        language, domain="djangojs", localedirs=[str(path) for path in settings.LOCALE_PATHS]
    )
    return catalog.get_catalog()
