"""Changing the embedding model: who may, one change at a time, and how far it is.

The old model serves until every passage has a vector by the new one (`documents.switching`); the
work itself is in `documents.reembed_work`.
"""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, NotFound, Unavailable
from core.rights import require_admin
from documents import switching, tasks
from documents.models import Chunk, ChunkVector, ReembedJob
from llm.models import EmbeddingModel
from llm.services import WantedEmbedding, register_embedding_model, trouble_sentence

Status = ReembedJob.Status


@dataclass(frozen=True)
class Standing:
    """An embedding model, how many passages it has vectors for, and its last job."""

    model: EmbeddingModel
    vectors: int
    passages: int
    job: ReembedJob | None


def register(*, actor: User, **fields: Any) -> tuple[EmbeddingModel, bool]:
    """(the model, whether it is new), after one text was embedded; see `llm.services`."""
    return register_embedding_model(actor=actor, wanted=WantedEmbedding(**fields))


def standings(*, actor: User) -> list[Standing]:
    """All models in the order they were registered; a handful, so five queries in all."""
    require_admin(actor)
    models = EmbeddingModel.objects.select_related("provider").order_by("id")
    counted = ChunkVector.objects.order_by().values("embedding_model_id").annotate(n=Count("*"))
    vectors = dict(counted.values_list("embedding_model_id", "n"))
    latest = ReembedJob.objects.order_by("model_id", "-created_at").distinct("model_id")
    jobs = {job.model_id: job for job in latest}
    passages = Chunk.objects.count()
    return [
        Standing(model, vectors.get(model.pk, 0), passages, jobs.get(model.pk)) for model in models
    ]


def standing(*, actor: User, model_id: int) -> Standing:
    """Raises NotFound."""
    for found in standings(actor=actor):
        if found.model.pk == model_id:
            return found
    raise NotFound


def use(*, actor: User, model_id: int) -> ReembedJob:
    """Embed everything with this model, then search with it. Raises Conflict while one is running.

    What is there already is not embedded again: a change that was canceled or failed goes on where
    it ended, and going back to a model that still has its vectors takes a moment.
    """
    require_admin(actor)
    with transaction.atomic():
        model = switching.locked(model_id)
        if model.is_current:
            raise Conflict(_("This model is in use already."), code="already_current")
        job = _new_job(model, actor)
        transaction.on_commit(lambda: tasks.enqueue_reembed(job.id))
    return job


def _new_job(model: EmbeddingModel, actor: User) -> ReembedJob:
    try:
        with transaction.atomic():
            total = Chunk.objects.count()
            done = ChunkVector.objects.filter(embedding_model=model).count()
            return ReembedJob.objects.create(
                model=model, started_by=actor, total=total, done=min(done, total)
            )
    except IntegrityError as error:
        raise Conflict(
            _("Another embedding model is being prepared. Wait until it is done, or cancel it."),
            code="reembed_running",
        ) from error


def cancel(*, actor: User, model_id: int) -> ReembedJob:
    """Stop preparing this model; what was embedded stays for a later try. Raises Conflict."""
    require_admin(actor)
    job = ReembedJob.objects.filter(model_id=model_id, status=Status.RUNNING).first()
    changed = ReembedJob.objects.filter(model_id=model_id, status=Status.RUNNING).update(
        status=Status.CANCELED,
        finished_at=Now(),
        seconds_left=None,
        lease_token=None,
        lease_until=None,
    )
    if job is None or not changed:
        raise Conflict(_("This model is not being prepared."), code="not_running")
    job.refresh_from_db()
    return job


def approve(*, actor: User, model_id: int) -> ReembedJob:
    """Change to this model in spite of what speaks against it. Raises Conflict."""
    require_admin(actor)
    with transaction.atomic():
        jobs = ReembedJob.objects.select_for_update().filter(
            model_id=model_id, status=Status.RUNNING
        )
        job = jobs.first()
        if job is None or not job.is_waiting:
            raise Conflict(_("This model is not waiting for a decision."), code="not_waiting")
        job.approved = True
        job.save(update_fields=["approved"])
        transaction.on_commit(lambda: tasks.enqueue_reembed(job.id))
    return job


def remove(*, actor: User, model_id: int) -> None:
    """Take a model and its vectors away, in the background. Raises Conflict for one in use."""
    require_admin(actor)
    with transaction.atomic():
        switching.unused(model_id)
    if not tasks.enqueue_removal(model_id):
        raise Unavailable


def error_of(job: ReembedJob) -> str:
    """The translated sentence of what went wrong; "" when nothing did."""
    if not job.error_code:
        return ""
    if job.error_code == "internal":
        return _("Something went wrong on our side. The log of the worker says more.")
    return trouble_sentence(job.error_code)
