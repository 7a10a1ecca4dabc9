"""Providers and models in the admin. What a provider offers is asked again by one action."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from llm import credentials, services
from llm.models import EmbeddingModel, LanguageModel, Provider


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "kind", "address", "has_key", "is_active", "order"]
    list_editable = ["is_active", "order"]
    list_filter = ["kind", "is_active"]
    search_fields = ["name", "kind", "base_url"]
    ordering = ["order", "name"]
    actions = ["fetch_models"]

    @admin.display(description=_("address"))
    def address(self, provider: Provider) -> str:
        return credentials.base_url(provider)

    @admin.display(description=_("key set"), boolean=True)
    def has_key(self, provider: Provider) -> bool:
        return bool(credentials.provider_key(provider))

    @admin.action(
        description=_("Ask the providers which models they offer"), permissions=["change"]
    )
    def fetch_models(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        services.sync_registry()
        self.message_user(request, _("The list of models is up to date."), messages.SUCCESS)


@admin.register(LanguageModel)
class LanguageModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = [
        "display_name",
        "name",
        "provider",
        "order",
        "context_window",
        "supports_tools",
        "supports_vision",
        "input_price",
        "output_price",
        "is_offered",
        "is_active",
    ]
    list_editable = ["order", "is_active"]
    list_filter = ["provider", "is_active", "is_offered", "supports_tools", "supports_vision"]
    list_select_related = ["provider"]
    search_fields = ["name", "display_name", "provider__name"]
    readonly_fields = ["is_offered", "created_at", "updated_at"]
    actions = ["switch_on", "switch_off"]

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[LanguageModel]) -> None:
        queryset.update(is_active=True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[LanguageModel]) -> None:
        queryset.update(is_active=False)


@admin.register(EmbeddingModel)
class EmbeddingModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at: what is embedded with one model cannot be searched with another."""

    list_display = ["name", "kind", "dimensions", "is_current", "created_at"]
    list_filter = ["kind", "is_current"]
    search_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
