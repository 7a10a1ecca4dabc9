"""The instructions the assistant works by."""

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import new_id

# What a version keeps: everything a person writes.
WRITTEN = ("name", "description", "content", "task", "persona", "mission_objective")
# About five thousand tokens: longer instructions would crowd the material out of a small model.
TEXT_LIMIT = 20_000


class PromptText(models.TextField):  # type: ignore[type-arg]
    """A text of a prompt, limited where people write it; the column itself stays unlimited."""

    default_validators = [MaxLengthValidator(TEXT_LIMIT)]


class PromptQuerySet(models.QuerySet["Prompt"]):
    def current(self) -> "PromptQuerySet":
        """Those that can still be chosen."""
        return self.filter(archived_at=None)


class Prompt(models.Model):
    """`content` is the general instruction; the other three are optional and reach the model
    as sections of their own, in this order: task, persona, mission objective."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=500, blank=True)
    content = PromptText(_("general instruction"))
    task = PromptText(_("task"), blank=True)
    persona = PromptText(_("persona"), blank=True)
    mission_objective = PromptText(_("mission objective"), blank=True)
    is_active = models.BooleanField(_("active"), default=False, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("written by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="prompts_one_active"
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(archived_at=None),
                name="prompts_active_is_not_archived",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PromptVersion(models.Model):
    """A prompt as it was once written. It never changes: sessions go on with the one they have."""

    prompt = models.ForeignKey(
        Prompt, models.CASCADE, related_name="versions", verbose_name=_("prompt")
    )
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=500, blank=True)
    content = PromptText(_("general instruction"))
    task = PromptText(_("task"), blank=True)
    persona = PromptText(_("persona"), blank=True)
    mission_objective = PromptText(_("mission objective"), blank=True)
    # The number of the earlier version this one brought back.
    restored = models.PositiveIntegerField(_("restored from"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("written by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("version of a prompt")
        verbose_name_plural = _("versions of prompts")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "number"], name="prompts_one_version_a_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"
