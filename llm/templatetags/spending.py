"""What is said about the cost on every page of the admin."""

from __future__ import annotations

from typing import Any

from django import template

from llm.metering.alerts import todays_notice

register = template.Library()


@register.simple_tag(takes_context=True)
def spending_notice(context: Any) -> str:
    """What administrators are to know today about the cost; "" for everybody else."""
    user = getattr(context.get("request"), "user", None)
    return todays_notice() if user is not None and getattr(user, "is_admin", False) else ""
