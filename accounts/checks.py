"""Settings about people that could only be noticed wrong when somebody logs in."""

from typing import Any

from allauth.core.internal.ratelimit import parse_rates
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def limits_are_readable(**kwargs: Any) -> list[CheckMessage]:
    """LIMIT_LOGIN and LIMIT_SIGNUP are a number and a span: 30/m, 10/h."""
    wrong = []
    for action, rates in settings.ACCOUNT_RATE_LIMITS.items():
        try:
            parse_rates(rates)
        except ValueError:
            name = "LIMIT_SIGNUP" if action == "signup" else "LIMIT_LOGIN"
            text = f"{name} is not a limit like 30/m or 10/h (found in {rates!r})."
            wrong.append(Error(text, id=f"accounts.E001.{action}"))
    return wrong
