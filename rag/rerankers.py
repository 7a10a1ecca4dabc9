"""Which reranker searches use. Before one is, each evaluation set is asked with it and without.

A set that is worse beyond chance, or could not be asked, stops the change until an admin says yes.
"""

import uuid
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, NotFound
from core.rights import require_admin
from llm.queries import current_embedding_model
from rag import reranking
from rag.evaluation import gate, sets
from rag.models import EvaluationRun, EvaluationSet, Reranker

Status = Reranker.Status
PURPOSE = "reranker"


def use(*, actor: User, reranker_id: UUID | str) -> list[UUID]:
    """Compare first where there is something to compare by; the runs that are to be asked."""
    require_admin(actor)
    with transaction.atomic():
        found = _locked(reranker_id)
        if found.status in (Status.ON, Status.CHECKING):
            raise Conflict(_("It is in use already, or being compared."))
        found.check_id, found.started_by, found.objections = uuid4(), actor, []
        runs = _runs(found) if settings.EVALUATE_BEFORE_SWITCH else []
        if runs:
            found.status = Status.CHECKING
            found.save()
        else:
            _switch(found)
    reranking.forget()
    return runs


def approve(*, actor: User, reranker_id: UUID | str) -> None:
    """Use it although it is worse."""
    require_admin(actor)
    with transaction.atomic():
        found = _locked(reranker_id)
        if found.status != Status.WORSE:
            raise Conflict(_("Nothing is waiting for your decision."))
        _switch(found)
    reranking.forget()


def stop(*, actor: User, reranker_id: UUID | str) -> None:
    """Searches do without it, and a comparison ends."""
    require_admin(actor)
    with transaction.atomic():
        found = _locked(reranker_id)
        running = EvaluationRun.objects.filter(
            purpose__startswith=_purpose(found), status=EvaluationRun.Status.RUNNING
        )
        running.update(status=EvaluationRun.Status.CANCELED)
        found.status, found.objections = Status.OFF, []
        found.save()
    reranking.forget()


def settle() -> None:
    """Decide about those whose runs have come to an end; harmless when it is called too often."""
    for pk in Reranker.objects.filter(status=Status.CHECKING).values_list("pk", flat=True):
        with transaction.atomic():
            found = Reranker.objects.select_for_update().filter(
                pk=pk, status=Status.CHECKING
            ).first()  # fmt: skip
            if found is not None:
                _settle(found)
        reranking.forget()


def _settle(found: Reranker) -> None:
    runs = EvaluationRun.objects.filter(purpose__startswith=_purpose(found))
    if runs.filter(status=EvaluationRun.Status.RUNNING).exists():
        return
    by_set: dict[UUID, dict[str, EvaluationRun]] = {}
    for run in runs.select_related("evaluation_set").order_by("created_at"):
        by_set.setdefault(run.evaluation_set_id, {})[run.purpose[-3:]] = run
    found.objections = [
        row
        for pair in by_set.values()
        if len(pair) == 2
        for row in [gate.objection(pair["old"].evaluation_set, pair["old"], pair["new"])]
        if row is not None
    ]
    if found.objections:
        found.status = Status.WORSE
        found.save()
    else:
        _switch(found)


def _switch(found: Reranker) -> None:
    Reranker.objects.filter(status=Status.ON).update(status=Status.OFF)
    found.status, found.objections = Status.ON, []
    found.save()


def _runs(found: Reranker) -> list[UUID]:
    """Two for each set that has questions: with what is in use, and with this one."""
    old = Reranker.objects.filter(status=Status.ON).first()
    model = current_embedding_model()
    made = []
    for each in EvaluationSet.objects.filter(questions__isnull=False).distinct():
        for name, judge in (("old", old), ("new", found)):
            purpose = f"{_purpose(found)}:{name}"
            wanted = sets.Settings(reranker=judge)
            made.append(sets.new_run(each, wanted, model, found.started_by, purpose).pk)
    return made


def _purpose(found: Reranker) -> str:
    return f"{PURPOSE}:{found.check_id}"


def _locked(reranker_id: UUID | str) -> Reranker:
    try:
        return Reranker.objects.select_for_update().get(pk=uuid.UUID(str(reranker_id)))
    except (Reranker.DoesNotExist, ValidationError, ValueError) as error:
        raise NotFound from error
