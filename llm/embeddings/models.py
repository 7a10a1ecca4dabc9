"""What turns text into vectors. Several may be registered; one of them is searched with."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class EmbeddingModel(models.Model):
    class Kind(models.TextChoices):
        LOCAL = "local", _("In this process")
        OPENAI = "openai", "OpenAI"
        GOOGLE = "google", "Google"
        OLLAMA = "ollama", "Ollama"
        OPENAI_COMPATIBLE = "openai_compatible", _("OpenAI-compatible server")

    id = models.SmallAutoField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    provider = models.ForeignKey(
        "llm.Provider",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="embedding_models",
        verbose_name=_("provider"),
        help_text=_("Whose address and key are used; none for the one in this process."),
    )
    name = models.CharField(_("name"), max_length=200)
    dimensions = models.PositiveSmallIntegerField(_("dimensions"))
    sends_dimensions = models.BooleanField(
        _("asks for its size"),
        default=False,
        help_text=_("The vectors are shortened by the provider, on request."),
    )
    query_prefix = models.CharField(
        _("before questions"),
        max_length=300,
        blank=True,
        help_text=_("Some models want to be told that a text is a question, by words before it."),
    )
    document_prefix = models.CharField(_("before passages"), max_length=300, blank=True)
    is_current = models.BooleanField(
        _("current"),
        default=False,
        editable=False,
        help_text=_("New documents and all questions are embedded with this one."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        app_label = "llm"
        ordering = ["id"]
        verbose_name = _("embedding model")
        verbose_name_plural = _("embedding models")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "provider", "name", "dimensions"],
                name="llm_one_embedding_model_a_size",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["is_current"],
                condition=Q(is_current=True),
                name="llm_one_current_embedding_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.dimensions})"
