"""What puts the best pages of a search into a better order, where an administrator wants it."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import new_id
from llm.models import LanguageModel, Provider


class Reranker(models.Model):
    """Either a chat model as judge, or a model of a service; searches use one at most."""

    class Status(models.TextChoices):
        OFF = "OFF", _("Off")
        CHECKING = "CHECKING", _("Being compared")
        WORSE = "WORSE", _("Waiting for your decision")
        ON = "ON", _("In use")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    language_model = models.ForeignKey(
        LanguageModel, models.CASCADE, null=True, blank=True, related_name="+",
        verbose_name=_("chat model as judge"),
        help_text=_("Reads the question with the passages and says which answer it best."),
    )  # fmt: skip
    provider = models.ForeignKey(
        Provider, models.CASCADE, null=True, blank=True, related_name="+",
        verbose_name=_("or a reranking service"),
        help_text=_("A provider whose address has /rerank below it, as Cohere, Jina, vLLM and "
                    "Text Embeddings Inference do; its key is used."),
    )  # fmt: skip
    model_name = models.CharField(
        _("the service's model"),
        max_length=200,
        blank=True,
        help_text=_("As the service calls it."),
    )
    pool = models.PositiveSmallIntegerField(
        _("passages it orders"),
        default=20,
        validators=[MinValueValidator(2), MaxValueValidator(20)],
    )
    seconds = models.FloatField(
        _("seconds it may take"),
        default=3.0,
        validators=[MinValueValidator(0.2), MaxValueValidator(20)],
        help_text=_("After that the passages are shown as they were found."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.OFF, editable=False
    )
    # Names the runs of one comparison before it is used; another one each time.
    check_id = models.UUIDField(null=True, editable=False)
    # [{evaluation_id, name, sentence, first, second}], as for a change of the embedding model.
    objections = models.JSONField(default=list, editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("reranker")
        verbose_name_plural = _("rerankers")
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="ON"), name="one_reranker_in_use"
            ),
            models.CheckConstraint(
                condition=Q(language_model=None) ^ Q(provider=None), name="reranker_is_of_one_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        wrong: dict[str, Any] = {}
        if (self.language_model is None) == (self.provider is None):
            wrong["provider"] = _("Choose a chat model or a reranking service, not both.")
        if self.provider is not None and not self.model_name.strip():
            wrong["model_name"] = _("Give the name of the service's model.")
        if wrong:
            raise ValidationError(wrong)
