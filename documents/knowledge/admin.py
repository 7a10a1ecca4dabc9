"""Questions and answers in the admin, with tables in and out."""

import secrets
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.admin_pages import CHOOSE, Worded
from core.errors import AppError
from documents.knowledge import csv_in, csv_out, services
from documents.knowledge.models import KnowledgeEntry
from documents.models import Collection

# How long a table that was looked at waits to be taken.
KEPT_SECONDS = 1800
MOST_SHOWN = 20


class EntryForm(forms.ModelForm):
    """Writes by the services, which keep the document in step."""

    tags = forms.CharField(
        label=capfirst(_("tags")),
        required=False,
        max_length=1000,
        help_text=_("Separated by commas."),
        widget=AdminTextInputWidget,
    )
    actor: Any = None

    class Meta:
        model = KnowledgeEntry
        fields = ["question", "answer", "category", "tags", "language", "collection"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance._state.adding
        if not self.is_new:
            self.initial["tags"] = ", ".join(self.instance.tags)

    def clean_tags(self) -> list[str]:
        return csv_in.tags_of(self.cleaned_data["tags"])

    def _post_clean(self) -> None:
        if self.errors:
            return
        given = {name: self.cleaned_data[name] for name in services.FIELDS}
        try:
            if self.is_new:
                collection = self.cleaned_data["collection"]
                self.instance = services.add(actor=self.actor, collection_id=collection.id, **given)
            else:
                self.instance = services.update(
                    actor=self.actor, entry_id=self.instance.pk, **given
                )
        except AppError as error:
            self.add_error("question", str(error))


class ImportForm(forms.Form):
    required_css_class = "required"

    file = forms.FileField(label=_("CSV file"))
    collection = forms.ModelChoiceField(
        Collection.objects.exclude(kind=Collection.Kind.CHAT),
        label=capfirst(_("collection")),
        empty_label=CHOOSE,
    )


@admin.register(KnowledgeEntry)
class KnowledgeAdmin(Worded):
    form = EntryForm
    change_list_template = "admin/knowledge_list.html"
    list_display = ["question", "category", "tag_list", "state", "collection", "updated_at"]
    list_filter = ["category", "language", "collection", "document__status"]
    search_fields = ["question", "answer"]
    list_select_related = ["collection", "document"]
    actions = ["export"]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        made = super().get_form(request, *args, **kwargs)
        made.actor = request.user
        return made

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["collection"]

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("import/", wrap(self.import_view), name="documents_knowledge_import"),
            path("export/", wrap(self.export_view), name="documents_knowledge_export"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form's service has saved it."""

    @admin.display(description=_("tags"))
    def tag_list(self, entry: KnowledgeEntry) -> str:
        return ", ".join(entry.tags)

    @admin.display(description=_("status"), ordering="document__status")
    def state(self, entry: KnowledgeEntry) -> str:
        document = entry.document
        return " · ".join(filter(None, (document.get_status_display(), document.error)))

    @admin.action(description=_("Export as CSV"))
    def export(self, request: HttpRequest, queryset: QuerySet[KnowledgeEntry]) -> HttpResponse:
        return csv_out.exported(queryset)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        return csv_out.exported(services.entries(actor=request.user))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Choose a file, look at what it would do, take it."""
        form = ImportForm()
        context: dict[str, Any] = {}
        try:
            if request.method == "POST" and "token" in request.POST:
                return self._take(request)
            if request.method == "POST":
                form = ImportForm(request.POST, request.FILES)
                context = self._look(request, form) if form.is_valid() else {}
        except AppError as error:
            self.message_user(request, str(error), messages.ERROR)
        context |= {
            **self.admin_site.each_context(request),
            "form": form,
            "opts": self.opts,
            "title": _("Import questions and answers"),
        }
        return TemplateResponse(request, "admin/knowledge_import.html", context)

    def _look(self, request: HttpRequest, form: ImportForm) -> dict[str, Any]:
        data = form.cleaned_data["file"].read(csv_in.LARGEST + 1)
        collection = form.cleaned_data["collection"]
        found = services.import_csv(
            actor=request.user, data=data, collection_id=collection.id, preview=True
        )
        token = secrets.token_urlsafe(16)
        cache.set(_key(request, token), (data, collection.id), KEPT_SECONDS)
        first = found.rows[:MOST_SHOWN]
        return {"found": found, "bad": found.errors, "first": first, "token": token}

    def _take(self, request: HttpRequest) -> HttpResponse:
        kept = cache.get(_key(request, request.POST["token"][:50]))
        if kept is None:
            text = _("That table is no longer here. Choose the file again.")
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(request.path)
        data, collection_id = kept
        done = services.import_csv(actor=request.user, data=data, collection_id=collection_id)
        text = _("%(new)d new, %(changed)d changed, %(bad)d lines left out.") % {
            "new": done.new,
            "changed": done.changed,
            "bad": len(done.errors),
        }
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:documents_knowledgeentry_changelist"))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [str(row) for row in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: KnowledgeEntry) -> None:
        services.delete(actor=request.user, entry_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[KnowledgeEntry]) -> None:
        for entry in queryset:
            self.delete_model(request, entry)


def _key(request: HttpRequest, token: str) -> str:
    return f"knowledge:import:{request.user.pk}:{token}"
