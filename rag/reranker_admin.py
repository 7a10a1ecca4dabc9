"""Rerankers in the admin: describe one, compare, use, stop."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_pages import Worded
from core.errors import AppError
from rag import rerankers, tasks
from rag.models import EvaluationRun, Reranker

FIELDS = ["name", "language_model", "provider", "model_name", "pool", "seconds"]


@admin.register(Reranker)
class RerankerAdmin(Worded):
    """What searches use changes by an action, after the evaluation sets were asked with it."""

    # What waits for a decision is read first.
    list_display = ["name", "state", "language_model", "provider", "model_name", "pool", "seconds"]
    list_select_related = ["language_model", "provider"]
    search_fields = ["name", "model_name"]
    actions = ["use", "approve", "stop"]

    def get_readonly_fields(self, request: HttpRequest, obj: Reranker | None = None) -> list[str]:
        # What was compared is what is used: to change it, stop it first.
        fixed = obj is not None and obj.status != Reranker.Status.OFF
        return [*FIELDS, "state"] if fixed else []

    def get_fields(self, request: HttpRequest, obj: Reranker | None = None) -> Any:
        return FIELDS if obj is None else [*FIELDS, "state"]

    @admin.display(description=_("status"))
    def state(self, reranker: Reranker) -> str:
        said = [str(reranker.get_status_display())]
        if reranker.status == Reranker.Status.CHECKING:
            runs = EvaluationRun.objects.filter(
                purpose__startswith=f"{rerankers.PURPOSE}:{reranker.check_id}"
            )
            done, total = 0, 0
            for run in runs:
                done, total = done + run.done, total + run.total
            said.append(f"{done} / {total}")
        said += [f"{row['name']}: {row['sentence']}" for row in reranker.objections]
        return " ".join(said)

    @admin.action(description=_("Compare it, then search with it"), permissions=["add"])
    def use(self, request: HttpRequest, queryset: QuerySet[Reranker]) -> None:
        def begin(**given: Any) -> None:
            for run_id in rerankers.use(**given):
                tasks.enqueue(run_id)

        sentence = _("%s is compared where there are evaluation sets, and used unless it is worse.")
        self._each(request, queryset, begin, sentence)

    @admin.action(description=_("Search with it although it is worse"), permissions=["add"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Reranker]) -> None:
        self._each(request, queryset, rerankers.approve, _("%s is in use."))

    @admin.action(description=_("Stop using or comparing it"), permissions=["add"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Reranker]) -> None:
        self._each(request, queryset, rerankers.stop, _("Searches do without %s."))

    def _each(self, request: HttpRequest, queryset: Any, service: Any, sentence: Any) -> None:
        for row in queryset:
            try:
                service(actor=request.user, reranker_id=row.pk)
            except AppError as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
            else:
                self.message_user(request, sentence % row, messages.SUCCESS)
