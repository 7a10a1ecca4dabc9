"""How much one person may keep here: one row, changed in the admin."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UploadQuota(models.Model):
    """For everybody but administrators; 0 sets no limit."""

    files = models.PositiveIntegerField(_("files of one person"), default=500)
    megabytes = models.PositiveIntegerField(
        _("megabytes of one person"),
        default=2000,
        help_text=_("Of originals, each of 1,000,000 bytes; 0 sets no limit, for files too."),
    )

    class Meta:
        verbose_name = _("upload quota")
        verbose_name_plural = _("upload quota")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_upload_quota"),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
