"""Evaluation in the admin: upload questions, run them, look at misses, compare two runs."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.admin_pages import CHOOSE, Worded
from core.errors import AppError
from documents.models import Collection
from llm.models import EmbeddingModel
from rag import reranker_admin, tasks
from rag.evaluation import compare, files, sets, work
from rag.models import EvaluationRun, EvaluationSet, Reranker
from rag.search import MAX_TOP_K

__all__ = ["reranker_admin"]

EXAMPLE = "question,document,page\nWhy does the firefly glow?,zoology.pdf,12\n"


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the admin let nobody else in
    return request.user


class UploadForm(forms.Form):
    required_css_class = "required"

    name = forms.CharField(label=capfirst(_("name")), max_length=200, widget=AdminTextInputWidget)
    collection = forms.ModelChoiceField(
        Collection.objects.exclude(kind=Collection.Kind.CHAT),
        label=capfirst(_("collection")),
        empty_label=CHOOSE,
    )
    file = forms.FileField(
        label=capfirst(_("questions")),
        required=False,
        help_text=_("CSV with the columns question, document and page, or JSON lines."),
    )
    # What was read at the preview, sent back as it was.
    text = forms.CharField(
        label=capfirst(_("or write them here")),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "cols": 90, "placeholder": EXAMPLE}),
    )

    @property
    def given(self) -> bytes:
        file = self.cleaned_data["file"]
        return bytes(file.read()) if file else self.cleaned_data["text"].encode()


class RunForm(forms.Form):
    required_css_class = "required"

    top_k = forms.IntegerField(
        label=capfirst(_("passages")),
        min_value=1,
        max_value=MAX_TOP_K,
        initial=10,
        help_text=_("How many are found for each question. Ten show all measures."),
    )
    ranking = forms.ChoiceField(
        label=capfirst(_("ranked by")), choices=EvaluationRun.Ranking.choices
    )
    embedding_model = forms.ModelChoiceField(
        EmbeddingModel.objects.all(),
        label=capfirst(_("embedding model")),
        required=False,
        empty_label=_("the one in use"),
    )
    reranker = forms.ModelChoiceField(
        Reranker.objects.all(),
        label=capfirst(_("reranker")),
        required=False,
        empty_label=_("none"),
    )


def _newest_two(runs: list[EvaluationRun]) -> list[EvaluationRun]:
    """What one probably wants to compare: the last run with the one before it."""
    done = [run for run in runs if run.status == run.Status.DONE]
    return done[1::-1] if len(done) > 1 else []


class Kept(Worded):
    """What was asked and found is not changed afterwards; it may be deleted."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(EvaluationSet)
class EvaluationSetAdmin(Kept):
    list_display = ["name", "collection", "questions_count", "runs_count", "created_at"]
    list_select_related = ["collection"]
    search_fields = ["name", "collection__name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EvaluationSet]:
        found: QuerySet[EvaluationSet] = (
            super()
            .get_queryset(request)
            .annotate(
                n_questions=Count("questions", distinct=True), n_runs=Count("runs", distinct=True)
            )
        )
        return found

    @admin.display(description=_("questions"), ordering="n_questions")
    def questions_count(self, found: Any) -> int:
        return int(found.n_questions)

    @admin.display(description=_("runs"), ordering="n_runs")
    def runs_count(self, found: Any) -> int:
        return int(found.n_runs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """First what was read is shown, with each bad line; then it is kept."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        sheet = None
        if request.method == "POST" and form.is_valid():
            data = form.given
            where = form.cleaned_data["collection"].pk
            sheet = sets.preview(actor=_actor(request), collection_id=where, data=data)
            if "keep" in request.POST and not sheet.errors:
                name = form.cleaned_data["name"]
                made = sets.create(actor=_actor(request), name=name, collection_id=where, data=data)
                return redirect("admin:rag_evaluationset_change", made.pk)
            text = data.decode("utf-8-sig", errors="replace").replace("\x00", "")
            form = UploadForm(initial={**form.cleaned_data, "text": text})
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Upload questions"),
            "form": form,
            "sheet": sheet,
            "errors": sets.error_lines(sheet) if sheet else [],
            "examples": list(sheet.questions.items())[:20] if sheet else [],
        }
        return TemplateResponse(request, "admin/rag/upload.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The runs of a set, the way to start one, and two of them compared."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = sets.get(actor=_actor(request), set_id=object_id)
        except AppError:
            return redirect("admin:rag_evaluationset_changelist")
        form = RunForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._started(request, found, form):
            return redirect(request.path)
        runs = list(found.runs.all()[:100])
        context = {
            **self.admin_site.each_context(request),
            "title": found.name,
            "found": found,
            "form": form,
            "runs": [(run, compare.shown(run)) for run in runs],
            "questions": found.questions.all(),
            "measures": work.MEASURES,
            "is_running": any(run.status == run.Status.RUNNING for run in runs),
            **self._compared(request, runs),
        }
        return TemplateResponse(request, "admin/rag/set.html", context)

    def _started(self, request: HttpRequest, found: EvaluationSet, form: RunForm) -> bool:
        given = form.cleaned_data
        settings = sets.Settings(
            given["top_k"], given["ranking"], given["embedding_model"], given["reranker"]
        )
        try:
            run = sets.start(actor=_actor(request), evaluation_set=found, settings=settings)
        except AppError as error:
            form.add_error(None, str(error))
            return False
        tasks.enqueue(run.pk)
        self.message_user(request, gettext("The questions are being asked."), messages.SUCCESS)
        return True

    def _compared(self, request: HttpRequest, runs: list[EvaluationRun]) -> dict[str, Any]:
        """?first=…&second=…"""
        by_id = {str(run.pk): run for run in runs}
        first = by_id.get(request.GET.get("first", ""))
        second = by_id.get(request.GET.get("second", ""))
        if first is None or second is None:
            return {"chosen": _newest_two(runs)}
        try:
            found = compare.compare(first, second)
        except AppError as error:
            return {"comparison_error": str(error), "chosen": (first, second)}
        rows = [
            (name, *(f"{value * 100:+.1f}" for value in (d.mean, d.low, d.high)))
            for name, d in found.differences.items()
        ]
        return {"comparison": found, "differences": rows, "chosen": (first, second)}


@admin.register(EvaluationRun)
class EvaluationRunAdmin(Kept):
    list_display = [
        "created_at",
        "evaluation_set",
        "embedding_name",
        "ranking",
        "reranker_name",
        "top_k",
        "status",
        "how_far",
    ]
    list_filter = ["status", "ranking", "created_at"]
    list_select_related = ["evaluation_set"]
    search_fields = ["evaluation_set__name", "embedding_name"]
    actions = ["cancel"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<uuid:run_id>/results.csv",
            self.admin_site.admin_view(self.results),
            name="rag_evaluationrun_results",
        )
        return [own, *super().get_urls()]

    def results(self, request: HttpRequest, run_id: Any) -> HttpResponse:
        return files.results(sets.run_of(actor=_actor(request), run_id=run_id))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The measures of a run, and every question it missed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            run = sets.run_of(actor=_actor(request), run_id=object_id)
        except AppError:
            return redirect("admin:rag_evaluationrun_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": str(run),
            "run": run,
            "shown": compare.shown(run),
            "misses": compare.misses(run),
            "error": compare.error_of(run),
            "missing": sorted(work.missing_documents(run)),
            "set_url": reverse("admin:rag_evaluationset_change", args=[run.evaluation_set_id]),
        }
        return TemplateResponse(request, "admin/rag/run.html", context)

    @admin.display(description=_("asked"))
    def how_far(self, run: EvaluationRun) -> str:
        return format_html(
            '<progress max="{}" value="{}">{}</progress> {} / {}',
            max(1, run.total), run.done, run.done, run.done, run.total,
        )  # fmt: skip

    @admin.action(description=_("Stop"), permissions=["view"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[EvaluationRun]) -> None:
        for run in queryset:
            sets.cancel(actor=_actor(request), run=run)
