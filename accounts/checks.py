"""Settings about people that could only be noticed wrong when somebody logs in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from core import rates


@register(Tags.security)
def limits_are_readable(**kwargs: Any) -> list[CheckMessage]:
    """LIMIT_CHAT and the like are a number and a span: 30/m, 10/h."""
    wrong = []
    for action, text in settings.LIMITS.items():
        try:
            rates.parse(text)
        except ValueError:
            message = f"LIMIT_{action.upper()} is not a limit like 30/m or 10/h (found {text!r})."
            wrong.append(Error(message, id=f"accounts.E001.{action}"))
    return wrong
