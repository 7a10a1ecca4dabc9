"""Prompts in the Django admin."""

from itertools import zip_longest
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin_pages import Worded
from core.errors import AppError, NotFound
from prompts import services, variables, versions
from prompts.models import Prompt, PromptVersion

# Of a prompt with more, the API lists the rest.
SHOWN = 50


class PromptForm(forms.ModelForm):
    """`seen` is the version that was shown: what somebody else wrote since is not overwritten."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = versions.latest(self.instance) if not self.instance._state.adding else None
        self.initial["seen"] = newest.number if newest else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.instance._state.adding:
            # The lock holds until the page's transaction ends, after saving.
            Prompt.objects.select_for_update().filter(pk=self.instance.pk).first()
            try:
                services.require_unchanged(self.instance, data.get("seen"))
            except AppError as error:
                raise forms.ValidationError(str(error)) from error
        return data


@admin.register(Prompt)
class PromptAdmin(Worded):
    form = PromptForm
    list_display = ["name", "is_active", "description", "updated_at", "archived_at"]
    list_filter = ["is_active", ("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "description", "content"]
    ordering = ["-is_active", "-updated_at"]
    actions = ["activate"]
    readonly_fields = [
        "is_active",
        "as_told",
        "archived_at",
        "created_by",
        "created_at",
        "updated_at",
    ]
    fieldsets = [
        (None, {"fields": ["name", "description", "is_active", "seen"]}),
        (
            gettext_lazy("What the model is told"),
            {
                "fields": ["content", "task", "persona", "mission_objective"],
                "description": gettext_lazy(
                    "Write {student_name}, {course} or {language} where the chat's own shall stand."
                ),
            },
        ),
        (
            gettext_lazy("As the model is told it"),
            {
                "fields": ["as_told"],
                "description": gettext_lazy("As it was saved last, for a student of your name."),
            },
        ),
        (
            gettext_lazy("Dates"),
            {"fields": ["created_by", "created_at", "updated_at", "archived_at"]},
        ),
    ]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            found.reader = request.user
        return found

    def get_fieldsets(self, request: HttpRequest, obj: Prompt | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        return shown if obj else [part for part in shown if "as_told" not in part[1]["fields"]]

    @admin.display(description=gettext_lazy("preview"))
    def as_told(self, prompt: Any) -> str:
        found = services.preview(actor=prompt.reader, prompt_id=prompt.pk, values={})
        texts = [text for text in found.fields.values() if text.strip()]
        parts = format_html_join("", "<p>{}</p>", ((text,) for text in texts))
        wrong = format_html_join("", "<li>{}</li>", ((text,) for text in found.problems))
        return format_html(
            '<div class="as-told" dir="auto">{}</div><ul class="pages">{}</ul>', parts, wrong
        )

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
        versions.record(obj, request.user)
        for text in variables.problems("\n".join(getattr(obj, name) for name in services.TOLD)):
            self.message_user(request, text, messages.WARNING)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Every version with what it changed; one of them can be brought back."""
        prompt = self.get_object(request, object_id)
        if prompt is None:
            return super().history_view(request, object_id, extra_context)
        if not self.has_view_permission(request, prompt):
            raise PermissionDenied
        if request.method == "POST":
            return self._restore(request, prompt)
        kept = list(versions.listed(actor=request.user, prompt_id=prompt.pk)[:SHOWN])
        context = {
            **self.admin_site.each_context(request),
            "title": prompt.name,
            "opts": self.opts,
            "object": prompt,
            "can_restore": self.has_change_permission(request, prompt),
            "rows": [
                {
                    "version": new,
                    "changes": self._changes(old, new) if old else [],
                    "whole": self._whole(new),
                }
                for new, old in zip_longest(kept, kept[1:])
            ],
        }
        return TemplateResponse(request, "admin/prompts/prompt/versions.html", context)

    def _changes(self, old: PromptVersion, new: PromptVersion) -> list[dict[str, Any]]:
        return [
            {"field": Prompt._meta.get_field(name).verbose_name, "parts": parts}
            for name, parts in versions.differences(old, new).items()
        ]

    def _whole(self, version: PromptVersion) -> list[tuple[str, str]]:
        return [
            (str(Prompt._meta.get_field(name).verbose_name), getattr(version, name))
            for name in services.TOLD
            if getattr(version, name).strip()
        ]

    def _restore(self, request: HttpRequest, prompt: Prompt) -> HttpResponse:
        if not self.has_change_permission(request, prompt):
            raise PermissionDenied
        number = request.POST.get("number", "")
        if not number.isdecimal() or len(number) > 9:
            raise Http404
        try:
            versions.restore(actor=request.user, prompt_id=prompt.pk, number=int(number))
        except NotFound as error:
            raise Http404 from error
        text = _("The prompt says again what version %s said.") % number
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(request.path)

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
