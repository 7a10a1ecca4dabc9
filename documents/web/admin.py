"""Web sources in the admin: add an address, see what came of each page, read again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.admin_pages import CodeFilter, Worded, first_sentence
from core.errors import AppError
from documents.web import reasons, services
from documents.web.models import WebPage, WebSource

MOST_SHOWN = 200
WIDE = {"class": "vLargeTextField", "placeholder": "https://"}


class ReasonFilter(CodeFilter):
    title = _("reason")

    @staticmethod
    def words(code: str) -> str:
        return first_sentence(reasons.sentence(code))


def _state_of(page: WebPage) -> str:
    """The name of what was read there, and what is wrong with it."""
    document = page.document
    said = [
        document.original_filename if document else "",
        document.get_status_display() if document else "",
        _("Vanished:") if page.gone_at else "",
        page.error,
    ]
    return " · ".join(str(part) for part in said if part)


class SourceForm(forms.ModelForm):
    """Adds by the service, which checks the address, and says what is wrong beside it."""

    url = forms.CharField(
        label=capfirst(_("address")), max_length=2000, widget=AdminTextInputWidget(WIDE)
    )
    most_pages = forms.IntegerField(
        label=capfirst(_("at most so many pages")),
        initial=200,
        min_value=1,
        max_value=services.MOST_PAGES,
        help_text=WebSource._meta.get_field("most_pages").help_text,
    )
    # As by the API: an address that looks like a sitemap is one, unless somebody says otherwise.
    kind = forms.ChoiceField(
        label=capfirst(_("kind")),
        required=False,
        choices=[("", _("Told by its address")), *WebSource.Kind.choices],
    )
    actor: Any = None

    class Meta:
        model = WebSource
        fields = ["url", "kind", "collection", "refresh", "most_pages"]

    def _post_clean(self) -> None:
        """In place of the model's own checks: adding is one action with its own sentences."""
        if self.errors:
            return
        given = self.cleaned_data
        try:
            if self.instance.pk and WebSource.objects.filter(pk=self.instance.pk).exists():
                chosen = {name: given[name] for name in ("refresh", "most_pages")}
                self.instance = services.update(
                    actor=self.actor, source_id=self.instance.pk, **chosen
                )
            else:
                collection = given.pop("collection")
                self.instance = services.add(actor=self.actor, collection_id=collection.id, **given)
        except AppError as error:
            self.add_error("url" if "url" in self.fields else None, str(error))


@admin.register(WebSource)
class WebSourceAdmin(Worded):
    form = SourceForm
    list_display = [
        "url",
        "state",
        "page_count",
        "failed_count",
        "refresh",
        "checked_at",
        "next_check_at",
        "collection",
    ]
    list_filter = ["status", "kind", "refresh", ("error_code", ReasonFilter)]
    search_fields = ["url", "pages__document__title"]
    list_select_related = ["collection"]
    actions = ["read_again"]
    readonly_fields = [
        "status",
        "reason",
        "checked_at",
        "next_check_at",
        "added_by",
        "created_at",
        "found",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebSource]:
        return services.with_numbers(super().get_queryset(request))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        made = super().get_form(request, *args, **kwargs)
        made.actor = request.user
        return made

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        given = ["url", "kind", "collection", "refresh", "most_pages"]
        return given if obj is None else [*given, *self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else [*self.readonly_fields, "url", "kind", "collection"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form's service has saved it."""

    @admin.display(description=_("pages"), ordering="page_count")
    def page_count(self, source: Any) -> int:
        return int(source.page_count)

    @admin.display(description=_("failed"), ordering="failed_count")
    def failed_count(self, source: Any) -> int:
        return int(source.failed_count)

    @admin.display(description=_("status"), ordering="status")
    def state(self, source: WebSource) -> str:
        return " · ".join(filter(None, (source.get_status_display(), source.error)))

    @admin.display(description=_("reason"))
    def reason(self, source: WebSource) -> str:
        return source.error

    @admin.display(description=_("pages"))
    def found(self, source: WebSource) -> str:
        pages = source.pages.select_related("document").order_by("id")[:MOST_SHOWN]
        rows = ((page.url, _state_of(page)) for page in pages)
        return format_html(
            '<ul class="pages">{}</ul>', format_html_join("", "<li>{}<br>{}</li>", rows)
        )

    @admin.action(description=_("Read again now"), permissions=["change"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[WebSource]) -> None:
        for source in queryset:
            try:
                services.refresh(actor=request.user, source_id=source.pk)
            except AppError as error:
                self.message_user(request, f"{source}: {error}", messages.WARNING)
            else:
                text = _("%s is queued.") % source
                self.message_user(request, text, messages.SUCCESS)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # As for documents: what goes along is not listed page by page.
        return [str(row) for row in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: WebSource) -> None:
        services.delete(actor=request.user, source_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[WebSource]) -> None:
        for source in queryset:
            self.delete_model(request, source)
