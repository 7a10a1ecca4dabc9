"""Calls, budgets and the alert in the admin, and the page “Usage and cost”."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin_pages import CsvOut, Worded, as_called
from llm.metering import budgets
from llm.metering.models import Budget, ModelCall, SpendingAlert
from llm.metering.pages import usage_page
from llm.metering.reports import WELL
from llm.models import Provider


class OutcomeFilter(admin.SimpleListFilter):
    """Three words instead of every outcome there is: listing those would read the whole table."""

    title = _("outcome")
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("well", gettext("as wanted")), ("failed", gettext("failed"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ModelCall]
    ) -> QuerySet[ModelCall] | None:
        if self.value() == "well":
            return queryset.filter(outcome__in=WELL)
        return queryset.exclude(outcome__in=WELL) if self.value() == "failed" else None


class ProviderFilter(admin.SimpleListFilter):
    title = _("provider")
    parameter_name = "from"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Provider.objects.values_list("name", flat=True)]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ModelCall]
    ) -> QuerySet[ModelCall] | None:
        return queryset.filter(provider=self.value()) if self.value() else None


@admin.register(ModelCall)
class ModelCallAdmin(Worded, CsvOut):
    """To look at: what was paid is not changed afterwards."""

    list_display = [
        "created_at",
        "kind",
        "model_name",
        "provider",
        "user",
        "input_tokens",
        "output_tokens",
        "cost",
        "first_token_ms",
        "latency_ms",
        "outcome",
        "estimated",
    ]
    list_filter = ["created_at", "kind", ProviderFilter, OutcomeFilter, "estimated"]
    list_select_related = ["user"]
    search_fields = ["model_name", "provider", "user__email", "user__full_name"]
    search_help_text = _("Model, provider or person.")
    date_hierarchy = "created_at"
    actions = ["export_csv"]
    csv_columns = [
        *as_called(ModelCall, "created_at", "kind", "provider", "model_name"),
        (_("person"), "user.email"),
        *as_called(ModelCall, "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"),
        *as_called(ModelCall, "cost", "estimated", "first_token_ms", "latency_ms", "outcome"),
    ]
    # Counting millions of rows to say "of 2,000,000" would take longer than finding them.
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.usage)
        return [path("usage/", page, name="llm_usage"), *super().get_urls()]

    def usage(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return usage_page(request, self.admin_site.each_context(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Budget)
class BudgetAdmin(Worded):
    list_display = [
        "__str__",
        "limit_usd",
        "spent_usd",
        "limit_tokens",
        "spent_tokens",
        "cheaper_model",
        "is_active",
    ]
    list_filter = ["scope", "period", "is_active"]
    list_editable = ["is_active"]
    list_select_related = ["user", "group", "cheaper_model"]
    search_fields = ["user__email", "user__full_name", "group__name"]
    autocomplete_fields = ["user", "group", "cheaper_model"]
    fieldsets = [
        (None, {"fields": ["scope", "user", "group", "period", "is_active"]}),
        (_("May be spent"), {"fields": ["limit_usd", "limit_tokens"]}),
        (_("Once it is spent"), {"fields": ["cheaper_model", "cheaper_percent"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Budget]:
        today = timezone.localdate()
        current = Q(period="day", accounts__starts=today)
        current |= Q(period="month", accounts__starts=today.replace(day=1))
        rows: QuerySet[Budget] = super().get_queryset(request)
        return rows.annotate(
            now_usd=Sum("accounts__spent_usd", filter=current),
            now_tokens=Sum("accounts__spent_tokens", filter=current),
        )

    @admin.display(description=_("dollars spent"), ordering="now_usd")
    def spent_usd(self, budget: Any) -> str:
        return f"{budget.now_usd or 0:.4f}"

    @admin.display(description=_("tokens spent"), ordering="now_tokens")
    def spent_tokens(self, budget: Any) -> int:
        return budget.now_tokens or 0

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        budgets.forget()


@admin.register(SpendingAlert)
class SpendingAlertAdmin(Worded):
    list_display = ["__str__", "threshold_usd", "noticed_on", "noticed_usd", "mailed_on"]
    readonly_fields = ["noticed_on", "noticed_usd", "mailed_on"]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """There is one: whoever wants to add another changes it. Asked only here, because the
        right to add is asked for on every page of the admin."""
        alert = SpendingAlert.objects.first()
        if alert is not None:
            return redirect("admin:llm_spendingalert_change", alert.pk)
        return super().add_view(request, form_url, extra_context)
