"""Assistants in the Django admin: what they are made of, and whom they are open to, on one page."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chat.assistants import services, statistics, troubles
from chat.assistants.forms import AssistantForm
from chat.assistants.models import Assistant, AssistantVersion
from chat.assistants.queries import surroundings
from core.admin_pages import CsvOut, Worded, as_called
from core.errors import AppError, Conflict

NAMES_SHOWN = 20
VERSIONS_SHOWN = 10
FIELD_NAMES = {
    "name": gettext_lazy("name"),
    "description": gettext_lazy("description"),
    "model_id": gettext_lazy("model"),
    "fallbacks": gettext_lazy("asked next"),
    "prompt_id": gettext_lazy("prompt"),
    "collections": gettext_lazy("collections"),
    "tools": gettext_lazy("tools"),
}
LOOKED_AT = ["problems", "use", "who", "kept"]


@admin.register(Assistant)
class AssistantAdmin(CsvOut, Worded):
    form = AssistantForm
    actions = ["export_csv", "unarchive"]
    csv_columns = [
        *as_called(Assistant, "name", "description", "is_active", "is_open", "version"),
        (gettext_lazy("chats"), "chat_count"),
        (gettext_lazy("last used"), "used_at"),
        *as_called(Assistant, "created_at", "updated_at", "archived_at"),
    ]
    list_display = [
        "name",
        "is_active",
        "is_open",
        "chats",
        "last_used",
        "updated_at",
        "archived_at",
    ]
    list_filter = ["is_active", "is_open", ("archived_at", admin.EmptyFieldListFilter), "groups"]
    search_fields = ["name", "description"]
    ordering = ["name"]
    autocomplete_fields = ["groups", "users"]
    readonly_fields = LOOKED_AT
    fieldsets = [
        (None, {"fields": ["problems", "name", "description", "is_active", "seen"]}),
        (
            gettext_lazy("Who answers, and how"),
            {"fields": ["chosen_model", "next_1", "next_2", "next_3", "chosen_prompt"]},
        ),
        (
            gettext_lazy("What it looks into"),
            {"fields": ["chosen_tools", "everything", "chosen_collections"]},
        ),
        (
            gettext_lazy("Who may ask it"),
            {"fields": ["is_open", "groups", "users", "open_collections", "who"]},
        ),
        (gettext_lazy("Use and versions"), {"fields": ["use", "kept"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assistant]:
        found = super().get_queryset(request).select_related("prompt")
        return found.annotate(
            chat_count=Count("sessions", distinct=True), used_at=Max("sessions__updated_at")
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            # What the page shows of it is read in the name of whoever looks at it.
            found.reader = request.user
        return found

    def get_fieldsets(self, request: HttpRequest, obj: Assistant | None = None) -> Any:
        if obj is not None:
            return self.fieldsets
        return [
            (title, {"fields": [name for name in part["fields"] if name not in LOOKED_AT]})
            for title, part in self.fieldsets[:-1]
        ]

    @admin.display(description=gettext_lazy("chats"), ordering="chat_count")
    def chats(self, assistant: Any) -> int:
        return int(assistant.chat_count)

    @admin.display(description=gettext_lazy("last used"), ordering="used_at")
    def last_used(self, assistant: Any) -> Any:
        return assistant.used_at

    @admin.display(description=gettext_lazy("to look at"))
    def problems(self, assistant: Any) -> str:
        around = surroundings(assistant.reader, [assistant])
        found = troubles.for_admins(assistant, around)
        return _lines(found) if found else _("Nothing: all it is made of is there.")

    @admin.display(description=gettext_lazy("use"))
    def use(self, assistant: Any) -> str:
        found = statistics.statistics(actor=assistant.reader, assistant_id=assistant.pk)
        last = found.last_used_at
        return _lines(
            [
                ngettext("%d person has asked it", "%d people have asked it", found.users)
                % found.users,
                ngettext("%d chat", "%d chats", found.chats) % found.chats,
                ngettext("%d question", "%d questions", found.messages) % found.messages,
                ngettext(
                    "%d document in its collections",
                    "%d documents in its collections",
                    found.documents,
                )
                % found.documents,
                _("Last used: %s") % (_when(last) if last else _("never")),
            ]
        )

    @admin.display(description=gettext_lazy("who can ask it now"))
    def who(self, assistant: Any) -> str:
        if assistant.archived_at:
            return _("Nobody: it is archived. “Take out of the archive” stands in the list.")
        if not assistant.is_active:
            return _("Nobody: it is switched off.")
        found = statistics.people(actor=assistant.reader, assistant_id=assistant.pk)
        total, shown = found.count(), list(found[:NAMES_SHOWN])
        head = ngettext("%d person, and every admin", "%d people, and every admin", total) % total
        more = [_("and %d more") % (total - len(shown))] if total > len(shown) else []
        return _lines([head, *(f"{one.full_name} ({one.email})" for one in shown), *more])

    @admin.display(description=gettext_lazy("versions"))
    def kept(self, assistant: Assistant) -> str:
        found = list(assistant.versions.select_related("created_by")[: VERSIONS_SHOWN + 1])
        pairs = zip(found, [*found[1:], None], strict=False)
        return _lines([_version(new, old) for new, old in pairs][:VERSIONS_SHOWN])

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AppError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Assistant:
        # Nothing is saved but by the services.
        form.save_m2m = lambda: None
        return form.instance

    def save_model(self, request: HttpRequest, obj: Assistant, form: Any, change: bool) -> None:
        actor: Any = request.user
        fields = form.written()
        if change:
            found = services.locked(actor, obj.pk)
            if found.updated_at.isoformat() != form.cleaned_data["seen"]:
                raise Conflict(
                    _("Somebody else has changed this assistant meanwhile. Look at it again first.")
                )
            saved = services.update_assistant(actor=actor, assistant_id=obj.pk, **fields)
        else:
            saved = services.create_assistant(actor=actor, **fields)
            obj.pk = saved.pk
        data = form.cleaned_data
        services.set_access(
            actor=actor,
            assistant_id=saved.pk,
            is_open=data["is_open"],
            groups=[group.pk for group in data["groups"]],
            users=[str(user.pk) for user in data["users"]],
            open_collections=data["open_collections"],
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Saved with the rest."""

    def has_change_permission(self, request: HttpRequest, obj: Assistant | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.archived_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Assistant | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.archived_at is None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Used ones are archived instead, so what protects them is no obstacle.
        return [str(row) for row in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Assistant) -> None:
        actor: Any = request.user
        services.delete_assistant(actor=actor, assistant_id=obj.pk)

    @admin.action(description=gettext_lazy("Take out of the archive"), permissions=["change"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Assistant]) -> None:
        actor: Any = request.user
        back = 0
        for assistant in queryset.exclude(archived_at=None):
            try:
                services.unarchive_assistant(actor=actor, assistant_id=assistant.pk)
            except AppError as error:
                self.message_user(request, f"{assistant.name}: {error}", messages.ERROR)
            else:
                back += 1
        said = ngettext(
            "%d assistant is out of the archive.", "%d assistants are out of the archive.", back
        )
        self.message_user(request, said % back, messages.SUCCESS if back else messages.INFO)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Assistant]) -> None:
        for assistant in queryset.filter(archived_at=None):
            self.delete_model(request, assistant)


def _version(new: AssistantVersion, old: AssistantVersion | None) -> str:
    """When it was written, by whom, and what it changed."""
    changed = [
        str(words)
        for name, words in FIELD_NAMES.items()
        if old is not None and getattr(new, name) != getattr(old, name)
    ]
    writer = new.created_by.full_name if new.created_by else ""
    said = [str(new.number), _when(new.created_at), writer, ", ".join(changed)]
    return " · ".join(filter(None, said))


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _lines(sentences: Any) -> str:
    items = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in sentences))
    return format_html('<ul class="pages">{}</ul>', items)
