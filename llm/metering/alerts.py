"""Administrators are told, once a day, when a day costs more than they want it to."""

from __future__ import annotations

import logging
from decimal import Decimal
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from llm.metering.models import SpendingAlert
from llm.metering.reports import spent_on

log = logging.getLogger(__name__)


def check_spending() -> bool:
    """Note and mail when today's cost has reached the threshold; True when somebody was told.

    A mail that cannot be sent is tried again with the next check.
    """
    today = timezone.localdate()
    with transaction.atomic():
        # Whoever finds the row locked leaves: another worker is telling just now.
        alert = SpendingAlert.objects.select_for_update(skip_locked=True).first()
        if alert is None or alert.threshold_usd is None or alert.mailed_on == today:
            return False
        spent = spent_on(today)
        if spent < alert.threshold_usd or spent == 0:
            return False
        told = alert.noticed_on != today
        alert.noticed_on, alert.noticed_usd = today, spent
        if _mail(alert.threshold_usd, spent):
            alert.mailed_on, told = today, True
        alert.save()
    return told


def todays_notice() -> str:
    """The sentence for admin pages while a costly day lasts; "" on others."""
    alert = SpendingAlert.objects.filter(noticed_on=timezone.localdate()).first()
    if alert is None or alert.noticed_usd is None:
        return ""
    return _sentence(alert.noticed_usd, alert.threshold_usd)


def _mail(threshold: Decimal, spent: Decimal) -> bool:
    """Whether there is nobody left to mail to."""
    if not settings.EMAIL_CONFIGURED:
        return True
    users = get_user_model().objects.filter(role__in=["admin", "superadmin"], is_active=True)
    messages = [_message(user, threshold, spent) for user in users]
    try:
        with mail.get_connection() as connection:
            connection.send_messages(messages)
    except (SMTPException, OSError) as error:
        log.warning("the spending alert could not be mailed: %s", error)
        return False
    return True


def _message(user: Any, threshold: Decimal, spent: Decimal) -> mail.EmailMessage:
    with translation.override(user.language or settings.LANGUAGE_CODE):
        subject = "[Lontar] " + _("Models cost more than usual today")
        body = "\n\n".join(
            [
                _sentence(spent, threshold),
                _("See who and what it was on the page “Usage and cost” of the administration."),
            ]
        )
    return mail.EmailMessage(subject, body, to=[user.email])


def _sentence(spent: Decimal, threshold: Decimal | None) -> str:
    if threshold is None:
        return _("Models have cost $%(spent)s today.") % {"spent": f"{spent:.2f}"}
    return _("Models have cost $%(spent)s today; you wanted to be told from $%(threshold)s on.") % {
        "spent": f"{spent:.2f}",
        "threshold": f"{threshold:.2f}",
    }
