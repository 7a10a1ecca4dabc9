"""Links by which a chat is read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import new_id


class Share(models.Model):
    """A link by which anybody may read a chat as it was when the link was made.

    Messages are never changed once written, so the end of the branch says what was shared.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey("chat.Session", on_delete=models.CASCADE, related_name="shares")
    leaf = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200, blank=True)
    # SHA-256 of the token, which has 256 bits and is shown once.
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    shows_name = models.BooleanField(_("shows who asked"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")

    def __str__(self) -> str:
        return self.title or str(self.id)
