"""Providers and models in the admin. What they offer is asked by actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from core.admin_pages import Worded, WordedInline
from core.charts import grouped
from core.errors import AppError
from llm import credentials, services
from llm.forms import FallbackFormSet, LanguageModelForm, ProviderForm
from llm.metering import admin as metering_admin  # noqa: F401  registers its pages
from llm.models import Fallback, LanguageModel, Provider

KEYS = {
    "stored": _("ends in %s"),
    "environment": _("from the environment"),
    "unreadable": _("cannot be read: enter it again"),
    "none": "",
}


@admin.register(Provider)
class ProviderAdmin(Worded):
    form = ProviderForm
    list_display = [
        "name",
        "kind",
        "address",
        "key",
        "is_active",
        "order",
        "check_ok",
        "check_sentence",
    ]
    list_editable = ["is_active", "order"]
    list_filter = ["kind", "is_active", "check_ok"]
    search_fields = ["name", "kind", "base_url"]
    ordering = ["order", "name"]
    actions = ["check_now", "fetch_models", "switch_on", "switch_off"]
    fieldsets = [
        (None, {"fields": ["kind", "name", "base_url", "is_active", "order"]}),
        (_("Key"), {"fields": ["key", "api_key", "remove_key"]}),
        (_("Last check"), {"fields": ["check_ok", "check_sentence", "checked_at"]}),
    ]
    readonly_fields = ["key", "check_ok", "check_sentence", "checked_at"]

    @method_decorator(sensitive_post_parameters("api_key"))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.readonly_fields, *(["kind"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        builtin = obj is not None and obj.kind == Provider.Kind.BUILTIN
        return super().has_delete_permission(request, obj) and not builtin

    def save_model(self, request: Any, obj: Provider, form: Any, change: bool) -> None:
        # Rows edited in the list come with a form that knows nothing of keys.
        key = form.key if isinstance(form, ProviderForm) else None
        services.save_provider(actor=request.user, provider=obj, api_key=key)

    @admin.display(description=_("address"))
    def address(self, provider: Provider) -> str:
        return credentials.base_url(provider)

    @admin.display(description=_("key"))
    def key(self, provider: Provider) -> str:
        state = credentials.key_state(provider)
        said = str(KEYS[state])
        return said % (credentials.key_hint(provider) or "…") if state == "stored" else said

    @admin.action(description=_("Check the providers now"), permissions=["change"])
    def check_now(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        def check(provider: Provider) -> tuple[int, str]:
            found = services.check_provider(actor=_actor(request), provider_id=provider.pk)
            return messages.SUCCESS if found.ok else messages.WARNING, found.sentence

        self._each(request, queryset, check)

    @admin.action(
        description=_("Ask the providers which models they offer"), permissions=["change"]
    )
    def fetch_models(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        def fetch(provider: Provider) -> tuple[int, str]:
            done = services.fetch_models(actor=_actor(request), provider_id=provider.pk)
            if not done.listed:
                return messages.WARNING, gettext("It lists no models; nothing was changed.")
            numbers = {"listed": done.listed, "added": done.added, "gone": done.gone}
            said = gettext(
                "Models listed: %(listed)s, new: %(added)s, no longer offered: %(gone)s."
            )
            return messages.SUCCESS, said % numbers

        self._each(request, queryset, fetch)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        queryset.update(is_active=True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        queryset.update(is_active=False)

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Provider],
        do: Callable[[Provider], tuple[int, str]],
    ) -> None:
        for provider in queryset:
            try:
                level, said = do(provider)
            except AppError as error:
                level, said = messages.ERROR, str(error)
            self.message_user(request, f"{provider.name}: {said}", level)


class FallbackInline(WordedInline):
    model = Fallback
    fk_name = "model"
    formset = FallbackFormSet
    fields = ["fallback", "task", "position"]
    extra = 2


@admin.register(LanguageModel)
class LanguageModelAdmin(Worded):
    form = LanguageModelForm
    inlines = [FallbackInline]
    list_display = [
        "display_name",
        "name",
        "provider",
        "order",
        "is_active",
        "can",
        "window",
        "prices",
    ]
    list_editable = ["order", "is_active"]
    list_filter = [
        "provider",
        "is_active",
        "is_offered",
        "supports_tools",
        "supports_vision",
        "supports_reasoning",
        "price_source",
    ]
    list_select_related = ["provider"]
    search_fields = ["name", "display_name", "provider__name"]
    list_per_page = 50
    readonly_fields = ["price_source", "is_offered", "created_at", "updated_at"]
    actions = ["switch_on", "switch_off"]

    @admin.display(description=_("abilities"))
    def can(self, model: LanguageModel) -> str:
        found = [
            (model.supports_tools, gettext("tools")),
            (model.supports_vision, gettext("pictures")),
            (model.supports_reasoning, gettext("thinking")),
            (not model.is_offered, gettext("no longer offered")),
        ]
        return ", ".join(words for has, words in found if has)

    @admin.display(description=_("context window"), ordering="context_window")
    def window(self, model: LanguageModel) -> str:
        return grouped(model.context_window) if model.context_window else "–"

    @admin.display(description=_("US dollars a million in / out"), ordering="input_price")
    def prices(self, model: LanguageModel) -> str:
        given = (model.input_price, model.output_price)
        return " / ".join("–" if price is None else f"{price.normalize():f}" for price in given)

    def save_model(self, request: Any, obj: LanguageModel, form: Any, change: bool) -> None:
        services.save_model(actor=request.user, model=obj, changed=form.changed_data)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[LanguageModel]) -> None:
        queryset.update(is_active=True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[LanguageModel]) -> None:
        queryset.update(is_active=False)


def _actor(request: HttpRequest) -> services.Actor:
    return cast("services.Actor", request.user)
