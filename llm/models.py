"""Who can answer (providers and their models) and what turns text into vectors.

What a model can do is data in its row; no code asks for a model by its name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ids import new_id
from core.sealing import SealedField
from llm.embeddings.models import EmbeddingModel
from llm.metering.models import Budget, BudgetAccount, ModelCall, Reservation, SpendingAlert

__all__ = [
    "Budget",
    "BudgetAccount",
    "EmbeddingModel",
    "Fallback",
    "LanguageModel",
    "ModelCall",
    "Provider",
    "Reservation",
    "SpendingAlert",
    "Task",
]

# What is assumed of a model nobody has described: small enough for almost any.
DEFAULT_CONTEXT_WINDOW = 8192


def validate_address(value: str) -> None:
    """http(s) with a host; a host in a network of one's own need not have a dot."""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValidationError(_("Give an address like https://example.org/v1."))


def validate_parameters(value: object) -> None:
    """See ``llm.base.Abilities``; a wrong type here would break every answer of the model."""
    kinds = {"temperature": bool, "stream_usage": bool, "max_tokens": str, "body": dict}
    sound = isinstance(value, dict) and all(
        isinstance(value[name], kind) for name, kind in kinds.items() if name in value
    )
    seconds = value.get("first_event_seconds", 60) if isinstance(value, dict) else None
    if not sound or not isinstance(seconds, int | float) or not 1 <= seconds <= 3600:
        raise ValidationError(
            _('Give an object such as {"temperature": true, "first_event_seconds": 120}.')
        )


class Task(models.TextChoices):
    """What a question asks for; a model may be good at some, and have fallbacks for each."""

    REASONING = "reasoning", _("reasoning")
    CREATIVE = "creative", _("creative")
    FACTUAL = "factual", _("factual")
    GENERAL = "general", _("general")


def validate_tasks(value: object) -> None:
    named = value if isinstance(value, list) else [None]
    if any(task not in Task.values for task in named) or len(set(named)) != len(named):
        raise ValidationError(
            _("Give a list of these, each once: %(tasks)s."), params={"tasks": ", ".join(Task)}
        )


def _price(name: Any) -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(
        name,
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("US dollars for a million tokens."),
    )


class Provider(models.Model):
    class Kind(models.TextChoices):
        OPENAI = "openai", "OpenAI"
        ANTHROPIC = "anthropic", "Anthropic"
        GOOGLE = "google", "Google"
        OLLAMA = "ollama", "Ollama"
        OPENROUTER = "openrouter", "OpenRouter"
        HUGGINGFACE = "huggingface", "Hugging Face"
        OPENAI_COMPATIBLE = "openai_compatible", _("OpenAI-compatible server")
        BUILTIN = "builtin", _("Built in")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(_("name"), max_length=100)
    base_url = models.CharField(
        _("address"),
        max_length=500,
        blank=True,
        validators=[validate_address],
        help_text=_(
            "Leave empty for the address set in the environment, or the provider's own. The key "
            "in the environment is sent only where this is empty."
        ),
    )
    api_key_encrypted = SealedField(default="", blank=True, editable=False)
    key_hint = models.CharField(
        _("key ends in"), max_length=4, default="", blank=True, editable=False
    )
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True, editable=False)
    check_ok = models.BooleanField(_("works"), null=True, blank=True, editable=False)
    check_sentence = models.CharField(
        _("what the check found"), max_length=500, default="", blank=True, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    order = models.PositiveIntegerField(_("order"), default=100)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["order", "name", "id"]
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.UniqueConstraint(fields=["kind", "base_url"], name="llm_one_provider_an_address")
        ]

    def __str__(self) -> str:
        return self.name


class LanguageModel(models.Model):
    class PriceSource(models.TextChoices):
        """Prices an administrator wrote are kept when the price list is read again."""

        UNKNOWN = "", _("unknown")
        LISTED = "listed", _("the price list")
        OWN = "own", _("an administrator")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.ForeignKey(
        Provider, models.CASCADE, related_name="language_models", verbose_name=_("provider")
    )
    name = models.CharField(
        _("name"), max_length=200, help_text=_("As the provider calls it, such as gpt-6-sol.")
    )
    display_name = models.CharField(_("shown as"), max_length=200)
    order = models.PositiveIntegerField(_("order"), default=100)
    context_window = models.PositiveIntegerField(
        _("context window"), default=DEFAULT_CONTEXT_WINDOW, help_text=_("In tokens.")
    )
    max_output_tokens = models.PositiveIntegerField(
        _("longest answer"), null=True, blank=True, help_text=_("In tokens.")
    )
    supports_tools = models.BooleanField(_("calls tools"), default=True)
    supports_vision = models.BooleanField(_("sees pictures"), default=False)
    supports_reasoning = models.BooleanField(_("thinks before it answers"), default=False)
    tasks = models.JSONField(
        _("good at"),
        default=list,
        blank=True,
        validators=[validate_tasks],
        help_text=_("Questions of these kinds turn to this model first among the fallbacks."),
    )
    parameters = models.JSONField(
        _("parameters"),
        default=dict,
        blank=True,
        validators=[validate_parameters],
        help_text=_(
            "What the model's requests need: temperature (true when it takes one), max_tokens (the "
            "field's name), first_event_seconds, body (further fields to send)."
        ),
    )
    input_price = _price(_("price of input"))
    output_price = _price(_("price of output"))
    cached_input_price = _price(_("price of input read again"))
    price_source = models.CharField(
        _("prices come from"), max_length=8, choices=PriceSource, blank=True, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_offered = models.BooleanField(
        _("offered"),
        default=True,
        editable=False,
        help_text=_("The provider listed it when it was last asked."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["provider__order", "order", "display_name", "id"]
        verbose_name = _("language model")
        verbose_name_plural = _("language models")
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="llm_one_model_a_name")
        ]

    def __str__(self) -> str:
        return self.display_name


class Fallback(models.Model):
    """Who is asked next when a model fails before its first word; ``task`` "" is for any."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(
        LanguageModel, models.CASCADE, related_name="fallback_rows", verbose_name=_("model")
    )
    fallback = models.ForeignKey(
        LanguageModel, models.CASCADE, related_name="+", verbose_name=_("asked next")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    task = models.CharField(
        _("only for"),
        max_length=10,
        choices=Task,
        default="",
        blank=True,
        help_text=_("Empty: for every question."),
    )

    class Meta:
        ordering = ["task", "position"]
        verbose_name = _("fallback")
        verbose_name_plural = _("fallbacks")
        constraints = [
            models.UniqueConstraint(
                fields=["model", "task", "position"], name="llm_one_fallback_a_position"
            ),
            models.UniqueConstraint(
                fields=["model", "task", "fallback"], name="llm_a_fallback_once"
            ),
            models.CheckConstraint(
                condition=~Q(model=F("fallback")),
                name="llm_no_fallback_to_itself",
                violation_error_message=_("A model cannot be its own fallback."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} → {self.fallback}"
