"""The documents in the Django admin. Changes go through services, as everywhere."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User, normalise_email
from core.admin_pages import CHOOSE, CodeFilter, CsvOut, Worded, WordedInline, first_sentence
from core.choosing import Choice
from core.errors import AppError
from documents import collections, embeddings_admin, passages_admin, queries, reasons, services
from documents.knowledge import admin as knowledge_admin
from documents.models import QA, Collection, Document, Share
from documents.web import admin as web_admin

__all__ = ["embeddings_admin", "knowledge_admin", "passages_admin", "web_admin"]

QUEUED = ngettext_lazy("%(count)d document is queued.", "%(count)d documents are queued.", "count")
MOVED = ngettext_lazy("%(count)d document is moved.", "%(count)d documents are moved.", "count")


def format_name(kind: str) -> str:
    """As people call a format."""
    spoken = {QA: _("question and answer"), "text": _("text"), "markdown": "Markdown"}
    return str(spoken.get(kind, kind.upper()))


class ReasonFilter(CodeFilter):
    title = _("reason")

    @staticmethod
    def words(code: str) -> str:
        return first_sentence(reasons.sentence(code))


class FormatFilter(CodeFilter):
    title = _("format")
    words = staticmethod(format_name)


class ThroughServices(Worded):
    """Deletes by a service, which takes along what belongs to a row."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Django would load and list every passage, and ask whether each may be deleted.
        return [str(row) for row in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []


class ShareInline(WordedInline):
    """People by address; the account is looked up when the page is saved."""

    model = Share
    fields = ["email", "user", "created_at"]
    readonly_fields = ["user", "created_at"]
    extra = 1


@admin.register(Collection)
class CollectionAdmin(ThroughServices):
    list_display = ["shown_name", "kind", "is_open", "owner", "documents_count", "created_at"]
    list_filter = ["kind", "is_open", "groups", "created_at"]
    search_fields = ["name", "description", "owner__email", "owner__full_name", "shares__email"]
    autocomplete_fields = ["owner", "groups"]
    readonly_fields = ["kind", "created_at"]
    list_select_related = ["owner"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        return super().get_queryset(request).annotate(number=Count("documents"))

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, collection: Collection) -> str:
        return collection.label

    @admin.display(description=_("documents"), ordering="number")
    def documents_count(self, collection: Any) -> int:
        return int(collection.number)

    def get_inlines(self, request: HttpRequest, obj: Collection | None = None) -> list[Any]:
        return [ShareInline] if obj is None or obj.is_shareable else []

    def get_readonly_fields(self, request: HttpRequest, obj: Collection | None = None) -> list[str]:
        fixed = [] if obj is None or obj.is_shareable else ["owner", "groups", "is_open"]
        return [*self.readonly_fields, *fixed]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        shares = formset.save(commit=False)
        for share in shares:
            share.email = normalise_email(share.email)
            share.user = User.objects.filter(email=share.email, is_active=True).first()
            share.save()
        for share in formset.deleted_objects:
            share.delete()

    def has_delete_permission(self, request: HttpRequest, obj: Collection | None = None) -> bool:
        if obj is not None and obj.kind == Collection.Kind.DEFAULT:
            return False
        return super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Collection) -> None:
        collections.delete_collection(actor=request.user, collection_id=obj.id, documents="delete")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        for collection in queryset.exclude(kind=Collection.Kind.DEFAULT):
            self.delete_model(request, collection)


@admin.register(Document)
class DocumentAdmin(ThroughServices, CsvOut):
    list_display = [
        "original_filename",
        "state",
        "format_shown",
        "page_count",
        "shelf",
        "owner",
        "uploaded_at",
    ]
    list_filter = [
        "status",
        ("error_code", ReasonFilter),
        ("kind", FormatFilter),
        "language",
        "uploaded_at",
        "collection__kind",
    ]
    search_fields = ["original_filename", "title", "author", "owner__email", "sha256"]
    date_hierarchy = "uploaded_at"
    list_select_related = ["collection", "owner"]
    list_per_page = 50
    actions = ["retry", "read_again", "summarise", "move", "export_csv"]
    csv_columns = [
        (_("file name"), "original_filename"),
        (_("status"), "get_status_display"),
        (_("reason"), "error"),
        (_("format"), lambda document: format_name(document.kind)),
        (_("size in bytes"), "file_size"),
        (_("pages"), "page_count"),
        (_("language"), "language"),
        (_("collection"), "collection.label"),
        (_("uploaded by"), "owner.email"),
        (_("uploaded"), "uploaded_at"),
        (_("ready since"), "processed_at"),
    ]
    # Files come in by the upload page, and what was read from them is not edited by hand.
    fields = [
        "original_filename",
        "title",
        "author",
        "language",
        "summary",
        "collection",
        "owner",
        "status",
        "stage",
        "progress",
        "error_code",
        "error",
        "attempts",
        "format_shown",
        "media_type",
        "size",
        "page_count",
        "chunks",
        "sha256",
        "uploaded_at",
        "processed_at",
    ]
    readonly_fields = [name for name in fields if name not in ("title", "author", "summary")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("status"), ordering="status")
    def state(self, document: Document) -> str:
        """Where it is: how far while it is read, why not when it could not be."""
        percent = f"{document.progress} %" if document.status == Document.Status.PROCESSING else ""
        said = (document.get_status_display(), percent, document.error)
        return " · ".join(filter(None, said))

    @admin.display(description=_("format"), ordering="kind")
    def format_shown(self, document: Document) -> str:
        return format_name(document.kind)

    @admin.display(description=_("collection"), ordering="collection__name")
    def shelf(self, document: Document) -> str:
        return document.collection.label

    @admin.display(description=_("size"), ordering="file_size")
    def size(self, document: Document) -> str:
        return filesizeformat(document.file_size)

    @admin.display(description=_("passages"))
    def chunks(self, document: Document) -> int:
        return queries.chunk_count(document)

    @admin.display(description=_("reason"))
    def error(self, document: Document) -> str:
        return document.error

    @admin.action(description=_("Try failed documents again"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        self._each(request, queryset.filter(status=Document.Status.FAILED), services.retry)

    @admin.action(description=_("Read again from the original file"))
    def read_again(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        self._each(request, queryset, services.reprocess)

    @admin.action(description=_("Have summaries written by a language model"))
    def summarise(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        self._each(request, queryset, services.summarise)

    @admin.action(description=_("Move to another collection…"), permissions=["change"])
    def move(self, request: HttpRequest, queryset: QuerySet[Document]) -> HttpResponse | None:
        kinds = (Collection.Kind.DEFAULT, Collection.Kind.SHARED)
        targets = Collection.objects.filter(kind__in=kinds).order_by("name")
        field = forms.ModelChoiceField(
            targets,
            label=gettext("Collection"),
            empty_label=str(CHOOSE),
            help_text=gettext("Who may read that collection may read them from then on."),
        )
        choice = Choice(request, field)
        if choice.answer is None:
            return choice.page(self, gettext("Move documents"), queryset.count())
        self._each(request, queryset, services.move, MOVED, collection_id=choice.answer.pk)
        return None

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Document],
        service: Any,
        said: Any = QUEUED,
        **given: Any,
    ) -> None:
        done = 0
        for document in queryset:
            try:
                service(actor=request.user, document_id=document.id, **given)
                done += 1
            except AppError as error:
                self.message_user(request, f"{document}: {error}", messages.WARNING)
        text = said % {"count": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.INFO)

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        services.delete(actor=request.user, document_id=obj.id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            self.delete_model(request, document)
