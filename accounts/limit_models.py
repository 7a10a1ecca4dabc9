"""The row of a limit; every process learns at once when one is changed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import rates


def valid_rate(text: str) -> None:
    try:
        rates.parse(text)
    except ValueError as error:
        raise ValidationError(_("Write a limit like 30/m, 10/h or 5/300s.")) from error


class LimitQuerySet(models.QuerySet["Limit"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        rates.tell_changed()
        return super().delete()


class Limit(models.Model):
    """How often something may be done; a row takes the place of the environment's setting."""

    class Action(models.TextChoices):
        CHAT = "chat", _("Questions")
        UPLOAD = "upload", _("Uploads")
        LOGIN = "login", _("Logins")
        SIGNUP = "signup", _("Sign-ups")

    action = models.CharField(_("what"), max_length=10, primary_key=True, choices=Action)
    per_user = models.CharField(
        _("for each person"),
        max_length=16,
        blank=True,
        validators=[valid_rate],
        help_text=_("Such as 30/m or 10/h. Empty: no limit. It says nothing for logins."),
    )
    per_address = models.CharField(
        _("for each address"),
        max_length=16,
        blank=True,
        validators=[valid_rate],
        help_text=_("A whole class may sit behind one address: be generous."),
    )

    objects = LimitQuerySet.as_manager()

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ["action"]

    def __str__(self) -> str:
        return str(self.get_action_display())

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        rates.tell_changed()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        rates.tell_changed()
        return super().delete(*args, **kwargs)
