"""Who reads the chats of a class, which chats those are, and when each was read."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Group
from core.ids import new_id


class ClassReading(models.Model):
    """A lecturer reads the chats that members of a group begin with an assistant of the group."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    group = models.ForeignKey(
        Group, models.CASCADE, related_name="readings", verbose_name=_("group")
    )
    lecturer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="class_readings",
        limit_choices_to={"role__in": ["admin", "superadmin"], "is_active": True},
        verbose_name=_("lecturer"),
    )
    began_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["group__name", "-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "lecturer"],
                condition=Q(ended_at=None),
                name="chat_one_reading_of_a_class",
            )
        ]
        verbose_name = _("reading of a class")
        verbose_name_plural = _("readings of classes")

    def __str__(self) -> str:
        return f"{self.group} · {self.lecturer}"


class OpenToClass(models.Model):
    """A chat that was begun under a reading, as its student was told then."""

    session = models.ForeignKey(
        "chat.Session", on_delete=models.CASCADE, related_name="open_to_classes"
    )
    reading = models.ForeignKey(ClassReading, on_delete=models.CASCADE, related_name="opened")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "reading"], name="chat_open_to_class_once")
        ]
        verbose_name = _("chat open to a class")
        verbose_name_plural = _("chats open to a class")

    def __str__(self) -> str:
        return f"{self.session} · {self.reading}"


class ChatReading(models.Model):
    """Somebody else opened a chat. Its student sees this."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(
        "chat.Session",
        on_delete=models.CASCADE,
        related_name="read_by_others",
        verbose_name=_("chat"),
    )
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("reader"),
    )
    # Of the reader and the class as they were called; the class is empty for an administrator.
    reader_name = models.CharField(_("name of the reader"), max_length=254)
    group_name = models.CharField(_("name of the group"), max_length=150, blank=True)
    read_at = models.DateTimeField(_("read"), auto_now_add=True)

    class Meta:
        ordering = ["-read_at"]
        indexes = [models.Index(fields=["session", "-read_at"], name="chat_reading_recent")]
        verbose_name = _("reading of a chat")
        verbose_name_plural = _("readings of chats")

    def __str__(self) -> str:
        return f"{self.reader_name}, {self.read_at:%Y-%m-%d %H:%M}"
