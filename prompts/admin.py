"""Prompts in the Django admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import AppError
from prompts import services
from prompts.models import Prompt


@admin.register(Prompt)
class PromptAdmin(admin.ModelAdmin):
    list_display = ["name", "is_active", "description", "updated_at", "archived_at"]
    list_filter = ["is_active", ("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "description", "content"]
    ordering = ["-is_active", "-updated_at"]
    actions = ["activate"]
    readonly_fields = ["is_active", "archived_at", "created_by", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "description", "is_active"]}),
        (
            gettext_lazy("What the model is told"),
            {"fields": ["content", "persona", "task", "mission_objective"]},
        ),
        (
            gettext_lazy("Dates"),
            {"fields": ["created_by", "created_at", "updated_at", "archived_at"]},
        ),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Prompt | None = None) -> bool:
        # Sessions keep reading an archived prompt: it stays as it was.
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.archived_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Prompt | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or (obj.archived_at is None and not obj.is_active))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Used prompts are archived instead, so what protects them is no obstacle.
        deleted, counts, refused, _protected = super().get_deleted_objects(objs, request)
        return deleted, counts, refused, []

    def save_model(self, request: HttpRequest, obj: Prompt, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Prompt) -> None:
        services.delete_prompt(actor=request.user, prompt_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> None:
        for prompt in queryset:
            services.delete_prompt(actor=request.user, prompt_id=prompt.pk)

    @admin.action(description=gettext_lazy("Activate the selected prompt"))
    def activate(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> None:
        if queryset.count() != 1:
            self.message_user(request, _("Select exactly one prompt."), messages.ERROR)
            return
        try:
            prompt = services.activate_prompt(actor=request.user, prompt_id=queryset.get().pk)
        except AppError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        text = _("New sessions now begin with the prompt “%s”.") % prompt.name
        self.message_user(request, text, messages.SUCCESS)
