"""Embedding models in the admin: register, change to another one, watch it, remove."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from core.admin_pages import Worded
from core.errors import AppError
from documents import reembed
from documents.models import ChunkVector, ReembedJob
from llm.models import EmbeddingModel, Provider


class RegisterForm(forms.ModelForm):
    """Asks the model for a vector when the form is sent, and says what is wrong beside it."""

    # Not `provider`: "in this process" is none.
    source = forms.ChoiceField(label=capfirst(_("provider")))
    dimensions = forms.IntegerField(
        label=capfirst(_("dimensions")),
        required=False,
        min_value=1,
        max_value=16_000,
        help_text=_("Empty: what the model gives by itself."),
    )
    actor: Any = None

    class Meta:
        model = EmbeddingModel
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Provider.objects.filter(kind__in=EmbeddingModel.Kind.values).order_by(
            "order", "name"
        )
        self.fields["source"].choices = [
            ("local", EmbeddingModel.Kind.LOCAL.label),
            *((str(row.pk), str(row)) for row in rows),
        ]

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        given = self.cleaned_data
        try:
            self.instance, self.is_new = reembed.register(
                actor=self.actor,
                provider=given["source"],
                name=given["name"],
                dimensions=given.get("dimensions") or 0,
            )
        except AppError as error:
            for row in error.extra.get("errors") or [{"field": None, "message": str(error)}]:
                name = {"provider": "source"}.get(row["field"], row["field"])
                self.add_error(name if name in self.fields else None, row["message"])


def bar(job: ReembedJob) -> str:
    return format_html(
        '<progress max="100" value="{}">{} %</progress> {} %',
        job.progress,
        job.progress,
        job.progress,
    )


def against(job: ReembedJob) -> str:
    """What an admin has to decide about."""
    rows = [(row["name"], row["sentence"]) for row in job.objections]
    return _("Waiting for your decision.") + " " + " ".join(f"{n}: {s}" for n, s in rows)


@admin.register(EmbeddingModel)
class EmbeddingModelAdmin(Worded):
    """What searches use changes by an action, after every passage has a vector by the new model."""

    form = RegisterForm
    list_display = [
        "name",
        "kind",
        "provider",
        "dimensions",
        "is_current",
        "ready",
        "state",
        "created_at",
    ]
    list_filter = ["kind", "is_current"]
    search_fields = ["name"]
    list_select_related = ["provider"]
    actions = ["use", "approve", "cancel", "remove"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmbeddingModel]:
        """With its vectors, all passages, and the last job as JSON: one query for the page."""
        vectors = ChunkVector.objects.filter(embedding_model=OuterRef("pk")).order_by()
        counted = vectors.values("embedding_model").annotate(n=Count("*")).values("n")
        names = ("status", "done", "total", "error_code", "objections", "approved")
        jobs = ReembedJob.objects.filter(model=OuterRef("pk")).order_by("-created_at")
        last = jobs.values(row=JSONObject(**{name: name for name in names}))[:1]
        found = super().get_queryset(request)
        return found.annotate(vectors=Coalesce(Subquery(counted), 0), job=Subquery(last))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        made = super().get_form(request, *args, **kwargs)
        made.actor = request.user
        return made

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return ["source", "name", "dimensions"]
        return [
            *self.list_display,
            "sends_dimensions",
            "query_prefix",
            "document_prefix",
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        # Deleting takes the vectors along and is done by its own action.
        found.pop("delete_selected", None)
        return found

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form's service has saved it."""

    @admin.display(description=_("passages ready"), ordering="vectors")
    def ready(self, model: Any) -> int:
        return int(model.vectors)

    @admin.display(description=_("last change"))
    def state(self, model: Any) -> str:
        if model.job is None:
            return ""
        job = ReembedJob(**model.job)
        if job.is_waiting:
            return against(job)
        if job.status == ReembedJob.Status.RUNNING:
            return bar(job)
        return f"{job.get_status_display()} {reembed.error_of(job)}".strip()

    @admin.action(
        description=_("Embed everything with it, then search with it"), permissions=["add"]
    )
    def use(self, request: HttpRequest, queryset: QuerySet[EmbeddingModel]) -> None:
        sentence = _("%s is being prepared. Searches change to it when all is ready.")
        self._each(request, queryset, reembed.use, sentence)

    @admin.action(description=_("Search with it although it is worse"), permissions=["add"])
    def approve(self, request: HttpRequest, queryset: QuerySet[EmbeddingModel]) -> None:
        self._each(request, queryset, reembed.approve, _("Searches change to %s."))

    @admin.action(description=_("Stop preparing it"), permissions=["add"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[EmbeddingModel]) -> None:
        self._each(request, queryset, reembed.cancel, _("%s is not prepared any further."))

    @admin.action(description=_("Remove it with its vectors"), permissions=["add"])
    def remove(self, request: HttpRequest, queryset: QuerySet[EmbeddingModel]) -> None:
        self._each(request, queryset, reembed.remove, _("%s is being removed."))

    def _each(self, request: HttpRequest, queryset: Any, service: Any, sentence: Any) -> None:
        for model in queryset:
            try:
                service(actor=request.user, model_id=model.pk)
            except AppError as error:
                self.message_user(request, f"{model}: {error}", messages.WARNING)
            else:
                self.message_user(request, sentence % model, messages.SUCCESS)


@admin.register(ReembedJob)
class ReembedJobAdmin(Worded):
    """To watch, and to stop."""

    list_display = [
        "model",
        "status",
        "how_far",
        "done",
        "total",
        "embedded",
        "seconds_left",
        "error",
        "started_by",
        "created_at",
        "finished_at",
    ]
    list_filter = ["status", "created_at"]
    search_fields = ["model__name", "started_by__email"]
    list_select_related = ["model", "started_by"]
    fields = [*list_display, "failures", "retry_at"]
    actions = ["cancel"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("progress"))
    def how_far(self, job: ReembedJob) -> str:
        return bar(job)

    @admin.display(description=_("reason"))
    def error(self, job: ReembedJob) -> str:
        return against(job) if job.is_waiting else reembed.error_of(job)

    @admin.action(description=_("Stop"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[ReembedJob]) -> None:
        for job in queryset:
            try:
                reembed.cancel(actor=request.user, model_id=job.model_id)
            except AppError as error:
                self.message_user(request, f"{job}: {error}", messages.WARNING)
