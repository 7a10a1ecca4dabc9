"""What was asked of models, what it cost, and how much may be spent."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.ids import new_id

CENTS: dict[str, Any] = {"max_digits": 14, "decimal_places": 8}


class ModelCall(models.Model):
    """One request to one model, also one that failed or was stopped.

    ``cost`` is in US dollars at the prices of its time, null where the model has none.
    ``estimated``: the provider sent no count of tokens, so they are ours.
    """

    class Kind(models.TextChoices):
        CHAT = "chat", _("Chat")
        EMBEDDING = "embedding", _("Embedding")
        TITLE = "title", _("Title")
        SUMMARY = "summary", _("Summary")
        QUERY = "query", _("Search query")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(_("asked"), default=timezone.now, db_index=True)
    # No foreign keys: chats are in another room, and what was spent outlives them.
    session_id = models.UUIDField(_("session"), null=True)
    generation_id = models.UUIDField(_("answer"), null=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("user"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CHAT)
    provider = models.CharField(_("provider"), max_length=100)
    model = models.ForeignKey(
        "llm.LanguageModel", models.SET_NULL, null=True, related_name="+", verbose_name=_("model")
    )
    model_name = models.CharField(_("name of the model"), max_length=200)
    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    cached_tokens = models.PositiveIntegerField(_("read again"), default=0)
    reasoning_tokens = models.PositiveIntegerField(_("spent on thinking"), default=0)
    cost = models.DecimalField(_("cost in US dollars"), null=True, **CENTS)
    estimated = models.BooleanField(_("estimated"), default=False)
    latency_ms = models.PositiveIntegerField(_("took (ms)"), default=0)
    first_token_ms = models.PositiveIntegerField(_("first word after (ms)"), null=True)
    outcome = models.CharField(_("outcome"), max_length=20, default="complete")

    class Meta:
        verbose_name = _("model call")
        verbose_name_plural = _("model calls")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "created_at"], name="llm_calls_of_a_user"),
            models.Index(fields=["session_id"], name="llm_calls_of_a_session"),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} {self.created_at:%Y-%m-%d %H:%M:%S}"


class Budget(models.Model):
    """How much may be spent in a day or a month, and what answers once it is."""

    class Scope(models.TextChoices):
        USER = "user", _("One person (empty: each person, separately)")
        GROUP = "group", _("The members of a group, together")
        EVERYONE = "everyone", _("Everyone, together")

    class Period(models.TextChoices):
        DAY = "day", _("a day")
        MONTH = "month", _("a month")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    scope = models.CharField(_("for"), max_length=8, choices=Scope)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
        help_text=_("A person's own budget takes the place of the one for each person."),
    )
    group = models.ForeignKey(
        "accounts.Group",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("group"),
    )
    period = models.CharField(
        _("within"),
        max_length=5,
        choices=Period,
        default=Period.DAY,
        help_text=_("Days and months begin at midnight UTC."),
    )
    limit_usd = models.DecimalField(
        _("US dollars"),
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Models without a price cost nothing here: give tokens for those."),
    )
    limit_tokens = models.PositiveBigIntegerField(
        _("tokens"), null=True, blank=True, help_text=_("Of input and output together.")
    )
    cheaper_model = models.ForeignKey(
        "llm.LanguageModel",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("then ask"),
        help_text=_("The model that answers once the budget is spent. Empty: none does."),
    )
    cheaper_percent = models.PositiveIntegerField(
        _("up to, in percent"),
        null=True,
        blank=True,
        default=100,
        help_text=_(
            "How much that model may spend on top, in percent of the budget. Empty: without end."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    # Its account of this period for one person, where `budgets.applying` read it.
    account_id: int | None

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        ordering = ["scope", "period", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="user", group=None)
                | Q(scope="group", user=None, group__isnull=False)
                | Q(scope="everyone", user=None, group=None),
                name="llm_budget_scope",
                violation_error_message=_(
                    "Give a group for a group's budget, a user only for a person's."
                ),
            ),
            models.CheckConstraint(
                condition=Q(limit_usd__isnull=False) | Q(limit_tokens__isnull=False),
                name="llm_budget_limit",
                violation_error_message=_("Give a number of dollars, of tokens, or both."),
            ),
            models.UniqueConstraint(
                fields=["scope", "user", "group", "period"],
                nulls_distinct=False,
                name="llm_one_budget_a_period",
                violation_error_message=_("There already is a budget for them and this period."),
            ),
        ]

    def __str__(self) -> str:
        if self.scope == self.Scope.USER:
            who: Any = self.user or _("Each person")
        else:
            who = self.group or _("Everyone")
        return f"{who}, {self.get_period_display()}"

    def starts(self, day: date) -> date:
        return day if self.period == self.Period.DAY else day.replace(day=1)

    def renews(self, day: date) -> datetime:
        """When the period that ``day`` is in is over, an aware datetime."""
        following = self.starts(day) + timedelta(days=1 if self.period == self.Period.DAY else 32)
        return timezone.make_aware(datetime.combine(self.starts(following), time()))


class BudgetAccount(models.Model):
    """What was spent of one budget in one period; ``subject`` is whose, where each has their own.

    ``reserved`` is held by calls that are going on. Changed by conditional updates only.
    """

    id = models.BigAutoField(primary_key=True)
    budget = models.ForeignKey(Budget, models.CASCADE, related_name="accounts")
    subject = models.UUIDField(null=True)
    starts = models.DateField()
    spent_usd = models.DecimalField(default=Decimal(0), **CENTS)
    reserved_usd = models.DecimalField(default=Decimal(0), **CENTS)
    spent_tokens = models.PositiveBigIntegerField(default=0)
    reserved_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "subject", "starts"],
                nulls_distinct=False,
                name="llm_one_account_a_period",
            )
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.starts}"


class Reservation(models.Model):
    """What one call holds of one account until it is settled, or until it was forgotten."""

    id = models.BigAutoField(primary_key=True)
    call_id = models.UUIDField(db_index=True)
    account = models.ForeignKey(BudgetAccount, models.CASCADE, related_name="reservations")
    usd = models.DecimalField(**CENTS)
    tokens = models.PositiveBigIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.call_id} {self.usd}"


class SpendingAlert(models.Model):
    """One row: from which cost of a day on administrators are told, and when they last were."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    threshold_usd = models.DecimalField(
        _("US dollars a day"),
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Empty: nobody is told."),
    )
    noticed_on = models.DateField(_("last noticed on"), null=True, editable=False)
    noticed_usd = models.DecimalField(_("US dollars then"), null=True, editable=False, **CENTS)
    mailed_on = models.DateField(_("last mailed on"), null=True, editable=False)

    class Meta:
        verbose_name = _("spending alert")
        verbose_name_plural = _("spending alert")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="llm_one_spending_alert")]

    def __str__(self) -> str:
        return str(_("Spending alert"))
