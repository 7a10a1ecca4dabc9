from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from chat import reading, services
from chat.assistants import admin as assistants_admin
from chat.models import ChatReading, Citation, ClassReading, Feedback, Generation, Message, Session
from core.admin_pages import CsvOut, Worded

__all__ = ["assistants_admin"]


class ReadOnly:
    """What students said is evidence: an admin reads it, and may delete it, but not change it."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class Noted(admin.ModelAdmin):  # type: ignore[type-arg]
    """Opening a chat, or a message of it, is kept for its student to see."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id or "")
        if found is not None:
            assert isinstance(request.user, User)
            session = found if isinstance(found, Session) else found.session
            reading.note(reader=request.user, session=session)
        return super().changeform_view(request, object_id, form_url, extra_context)


class MessageInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Message
    fk_name = "session"
    fields = ("position", "role", "content", "status", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(Session)
class SessionAdmin(ReadOnly, Noted, Worded, CsvOut):
    list_display = ("title", "user", "asked", "total_messages", "status", "updated_at")
    list_per_page = 50
    list_filter = ("status", "assistant", "model", "started_at")
    list_select_related = ("user", "model", "assistant")
    search_fields = ("title", "user__email", "user__full_name")
    date_hierarchy = "started_at"
    inlines = [MessageInline]
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "title",
                    "user",
                    "assistant",
                    "model",
                    "status",
                    "started_at",
                    "updated_at",
                )
            },
        ),
        (
            _("How it began, and what was learned"),
            {
                "classes": ("collapse",),
                "fields": (
                    "prompt",
                    "prompt_version",
                    "assistant_version",
                    "prompt_general",
                    "task",
                    "persona",
                    "mission_objective",
                    "comprehension_level",
                    "summary",
                    "context_summary",
                    "ended_at",
                    "analysed_at",
                    "archived_at",
                ),
            },
        ),
    )
    readonly_fields = ("started_at", "updated_at")
    actions = ["complete", "export_csv"]
    # Nothing that was said, and no title, which is made of it.
    csv_columns = [
        (_("chat"), "id"),
        (_("person"), "user.email"),
        (_("assistant"), "assistant.name"),
        (_("model"), "model.display_name"),
        (_("status"), "get_status_display"),
        (_("messages"), "total_messages"),
        (_("began"), "started_at"),
        (_("last changed"), "updated_at"),
    ]

    @admin.display(description=_("asked"), ordering="assistant__name")
    def asked(self, session: Session) -> str:
        """The assistant, or the model where a student asked that by itself."""
        return str(session.assistant or session.model or "")

    @admin.action(description=_("Complete the selected chats"), permissions=["view"])
    def complete(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        assert isinstance(request.user, User)  # the admin let nobody else in
        done = 0
        for session in queryset.filter(status=Session.Status.ACTIVE):
            services.update_session(
                actor=request.user, session=session, status=Session.Status.COMPLETED
            )
            done += 1
        text = ngettext("%(count)d chat completed.", "%(count)d chats completed.", done)
        said = text % {"count": done}
        self.message_user(request, said, messages.SUCCESS if done else messages.INFO)

    def delete_model(self, request: HttpRequest, obj: Session) -> None:
        assert isinstance(request.user, User)  # the admin let nobody else in
        services.delete_session(actor=request.user, session=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        for session in queryset:
            self.delete_model(request, session)


class CitationInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Citation
    fields = ("number", "document_name", "page", "cited", "verified", "score", "excerpt")
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(Message)
class MessageAdmin(ReadOnly, Noted, Worded):
    list_display = ("created_at", "role", "beginning", "session", "model", "status")
    list_filter = ("role", "status", "model", "created_at")
    list_select_related = ("session", "model")
    search_fields = ("content", "session__title", "session__user__email")
    date_hierarchy = "created_at"
    inlines = [CitationInline]

    def get_exclude(self, request: HttpRequest, obj: object = None) -> list[str]:
        return ["pictures"]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return ["shown_pictures"]

    @admin.display(description=_("pictures"))
    def shown_pictures(self, message: Message) -> str:
        return ", ".join(each["name"] for each in message.pictures) or "–"

    @admin.display(description=_("content"))
    def beginning(self, message: Message) -> str:
        return message.content[:80]


@admin.register(Generation)
class GenerationAdmin(ReadOnly, Worded):
    list_display = (
        "started_at",
        "session",
        "model",
        "status",
        "error_code",
        "first_token_ms",
        "input_tokens",
        "output_tokens",
    )
    list_filter = ("status", "error_code", "model", "started_at")
    list_select_related = ("session", "model")
    search_fields = ("session__title", "session__user__email")
    date_hierarchy = "started_at"


@admin.register(Citation)
class CitationAdmin(ReadOnly, Worded):
    list_display = ("document_name", "page", "number", "cited", "verified", "score", "message")
    list_filter = ("cited", "verified")
    list_select_related = ("message",)
    search_fields = ("document_name", "excerpt")


@admin.register(Feedback)
class FeedbackAdmin(ReadOnly, Worded, CsvOut):
    list_display = ("value", "reason", "answer", "chat", "updated_at")
    list_per_page = 50
    list_filter = ("value", "message__session__assistant", "message__model", "updated_at")
    list_select_related = ("message__session__assistant", "message__model")
    actions = ("export_csv",)
    # Neither who it was nor what the answer said.
    csv_columns = (
        (_("value"), "get_value_display"),
        (_("reason"), "reason"),
        (_("assistant"), "message.session.assistant.name"),
        (_("model"), "message.model.display_name"),
        (_("chat"), "message.session_id"),
        (_("given"), "updated_at"),
    )
    search_fields = ("reason", "message__content", "message__session__user__email")
    date_hierarchy = "updated_at"

    @admin.display(description=_("answer"))
    def answer(self, feedback: Feedback) -> str:
        return Truncator(feedback.message.content).chars(120)

    @admin.display(description=_("chat"), ordering="message__session__title")
    def chat(self, feedback: Feedback) -> str:
        session = feedback.message.session
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:chat_session_change", args=[session.pk]), session
        )


@admin.register(ClassReading)
class ClassReadingAdmin(Worded):
    """Begun here, ended by the action: what was told to a class is not rewritten."""

    list_display = ("group", "lecturer", "began_at", "ended_at")
    list_filter = ("group",)
    list_select_related = ("group", "lecturer")
    search_fields = ("group__name", "lecturer__email")
    actions = ["end"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.action(description=_("End the reading"), permissions=["view"])
    def end(self, request: HttpRequest, queryset: QuerySet[ClassReading]) -> None:
        queryset.filter(ended_at=None).update(ended_at=timezone.now())


@admin.register(ChatReading)
class ChatReadingAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("read_at", "reader_name", "group_name", "session")
    list_select_related = ("session",)
    search_fields = ("reader_name", "session__user__email")
    date_hierarchy = "read_at"

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
