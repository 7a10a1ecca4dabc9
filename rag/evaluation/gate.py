"""Before searches change to another embedding model: do they get worse where it is measured?

Every set is asked with the old vectors and with the new ones, which lie beside them. A set that is
worse beyond chance (the 95 % interval of nDCG@10 lies below nought) stops the change until an
admin says yes.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.errors import Conflict
from documents.models import ReembedJob
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model
from rag.evaluation import sets, work
from rag.evaluation.compare import WORSE, compare
from rag.models import EvaluationRun, EvaluationSet

log = logging.getLogger(__name__)
Status = EvaluationRun.Status


def worse_sets(job: ReembedJob, going_on: Callable[[], None]) -> list[dict[str, Any]]:
    """[{evaluation_id, name, sentence, first, second}] of the sets that would get worse.

    `going_on` is asked between questions and may raise to stop for now: what was asked is kept.
    """
    out = []
    for found in EvaluationSet.objects.select_related("collection").order_by("created_at"):
        old = _run(found, job, current_embedding_model(), going_on)
        new = _run(found, job, job.model, going_on)
        row = objection(found, old, new)
        if row is not None:
            out.append(row)
    return out


def objection(
    found: EvaluationSet, old: EvaluationRun, new: EvaluationRun
) -> dict[str, Any] | None:
    """What speaks against the second run's settings, if anything does."""
    if Status.FAILED in (old.status, new.status):
        said = _("The questions could not be asked: a model did not answer.")
    else:
        try:
            both = compare(old, new)
        except Conflict as error:  # canceled, or a set without questions: nothing is known
            log.warning("%s is not part of the decision: %s", found, error)
            return None
        if both.verdict != WORSE:
            return None
        said = both.sentence
    return {
        "evaluation_id": str(found.pk),
        "name": found.name,
        "sentence": said,
        "first": str(old.pk),
        "second": str(new.pk),
    }


def _run(
    found: EvaluationSet, job: ReembedJob, model: EmbeddingModel, going_on: Callable[[], None]
) -> EvaluationRun:
    """The run of this set for this change, asked to its end here."""
    purpose = f"{job.pk}:{model.pk}"
    run = EvaluationRun.objects.filter(evaluation_set=found, purpose=purpose).first()
    if run is None:
        run = sets.new_run(found, sets.Settings(), model, job.started_by, purpose)
    mine = EvaluationRun.objects.filter(pk=run.pk, status=Status.RUNNING)
    token = uuid4()
    mine.update(lease_token=token, lease_until=Now() + timedelta(seconds=60))

    def enough() -> bool:
        going_on()
        return False

    for _attempt in range(work.MOST_FAILURES):
        try:
            work.ask_all(run.pk, mine.filter(lease_token=token), enough)
        except work.Lost:
            # Canceled, or an error of the embedder that may pass.
            going_on()
        run.refresh_from_db()
        if run.status != Status.RUNNING:
            break
    return run
