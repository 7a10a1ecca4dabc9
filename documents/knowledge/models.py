"""Questions that were answered once and for all."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import new_id


class KnowledgeEntry(models.Model):
    """A question with its answer. Its document, of kind `qa`, is what searches find and cite."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    document = models.OneToOneField(
        "documents.Document", models.CASCADE, related_name="entry", editable=False
    )
    # Repeated from the document, so that a list needs no join.
    collection = models.ForeignKey(
        "documents.Collection", models.CASCADE, related_name="+", verbose_name=_("collection")
    )
    question = models.CharField(_("question"), max_length=1000)
    answer = models.TextField(_("answer"), max_length=20_000)
    category = models.CharField(_("category"), max_length=100, blank=True)
    tags = ArrayField(models.CharField(max_length=50), verbose_name=_("tags"), default=list)
    language = models.CharField(_("language"), max_length=10, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("added by"),
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("question and answer")
        verbose_name_plural = _("questions and answers")

    def __str__(self) -> str:
        return self.question

    @property
    def text(self) -> str:
        """What is shown, embedded and indexed: the one page of its document."""
        return f"{self.question}\n\n{self.answer}"
