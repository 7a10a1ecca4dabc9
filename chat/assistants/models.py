"""Assistants: a model, a prompt, collections and tools under one name, and whom they are open to.

Models and collections are kept by id, not by foreign key: what is gone stays named, so that an
administrator learns of it, and a search in a collection that was deleted finds nothing instead of
going through everything.
"""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Group, Membership, User, no_control_characters
from core.ids import new_id
from prompts.models import Prompt

# What a version keeps: all that a turn or its reader meets.
WRITTEN = (
    "name",
    "description",
    "model_id",
    "fallbacks",
    "prompt_id",
    "collections",
    "tools",
    "labels",
)
# Of a session `s`, asked by %(user)s: the rule of `usable_by` for statements written by hand. A
# function (its migration has the rule), because it is planned only where there is an assistant.
OPEN_TO_ASKER = "(s.assistant_id is null or chat_may_ask(s.assistant_id, %(user)s, %(is_admin)s))"


class AssistantQuerySet(models.QuerySet["Assistant"]):
    def current(self) -> Self:
        """Not archived."""
        return self.filter(archived_at=None)

    def usable_by(self, user: User) -> Self:
        """Those a chat can be held with: switched on, and open to the user. To admins all are."""
        if not user.is_active:
            return self.none()
        found = self.current().filter(is_active=True)
        if user.is_admin:
            return found
        grouped = Membership.objects.filter(user=user).order_by().values("group")
        through = Assistant.groups.through.objects.filter(group__in=grouped)
        named = Assistant.users.through.objects.filter(user=user)
        return found.filter(
            Q(is_open=True)
            | Q(pk__in=named.values("assistant"))
            | Q(pk__in=through.values("assistant"))
        )

    def visible_to(self, user: User) -> Self:
        """Admins see those that are switched off, too."""
        return self.current() if user.is_active and user.is_admin else self.usable_by(user)


class Written(models.Model):
    """What somebody wrote. No model: the first that can be asked. No collections: all that the
    asker may read. No fallbacks: those of the model."""

    name = models.CharField(
        _("name"), max_length=120, validators=[MinLengthValidator(1), no_control_characters]
    )
    description = models.CharField(
        _("description"), max_length=500, blank=True, validators=[no_control_characters]
    )
    model_id = models.UUIDField(_("model"), null=True, blank=True)
    fallbacks = ArrayField(
        models.UUIDField(), verbose_name=_("asked next"), default=list, blank=True
    )
    prompt = models.ForeignKey(
        Prompt,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("prompt"),
    )
    collections = ArrayField(
        models.UUIDField(), verbose_name=_("collections"), default=list, blank=True
    )
    tools = ArrayField(
        models.CharField(max_length=60), verbose_name=_("tools"), default=list, blank=True
    )
    # {id: name} of models and collections as they were called when this was written.
    labels = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Assistant(Written):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    is_active = models.BooleanField(
        _("switched on"), default=True, help_text=_("While it is off nobody can ask it anything.")
    )
    is_open = models.BooleanField(
        _("open to everybody"), default=False, help_text=_("Every signed-in person may ask it.")
    )
    groups = models.ManyToManyField(
        Group, blank=True, related_name="assistants", verbose_name=_("groups")
    )
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="assistants", verbose_name=_("people")
    )
    # The number of the newest version.
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = AssistantQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                condition=Q(archived_at=None),
                name="chat_assistant_one_a_name",
            )
        ]


class AssistantVersion(Written):
    """An assistant as it once was. It never changes: sessions go on with the one they have."""

    assistant = models.ForeignKey(
        Assistant, models.CASCADE, related_name="versions", verbose_name=_("assistant")
    )
    number = models.PositiveIntegerField(_("number"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("written by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        verbose_name = _("version of an assistant")
        verbose_name_plural = _("versions of assistants")
        constraints = [
            models.UniqueConstraint(
                fields=["assistant", "number"], name="chat_assistant_version_number"
            )
        ]
