"""Pictures that were brought to a chat, for models that see."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import new_id
from documents.collection_models import Collection


class Picture(models.Model):
    """A picture as it was drawn anew from what somebody sent (``documents.ingest.redrawing``).

    It lies in the storage of originals under ``filename``. Who reads its collection sees it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="pictures")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="pictures", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=255)
    # Of the bytes that were sent.
    sha256 = models.CharField(max_length=64, editable=False)
    filename = models.CharField(max_length=64, editable=False)
    media_type = models.CharField(_("type"), max_length=20)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    file_size = models.PositiveIntegerField(_("size"))
    # A question has it; until then it is only offered, and goes after a day.
    is_used = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["collection", "sha256"], name="picture_once")
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(is_used=False), name="picture_offered"
            )
        ]
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def __str__(self) -> str:
        return self.name
