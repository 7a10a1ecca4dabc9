"""Which embedding models a passage needs vectors by, and the moment another one takes over."""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from core.errors import Conflict, NotFound
from documents.models import Chunk, ChunkVector, ReembedJob
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model
from llm.services import make_current

SWITCH_LOCK = 7_203_201
Objections = Callable[[ReembedJob, Callable[[], None]], list[dict[str, Any]]]


def _none(_job: ReembedJob, _going_on: Callable[[], None]) -> list[dict[str, Any]]:
    return []


# What speaks against searching with a job's model, each with a `name` and a `sentence`. The room
# that measures searches sets it; the second argument is called between questions and may raise.
objections: Objections = _none


def models_to_write() -> list[EmbeddingModel]:
    """The current model first, then the one that is to take its place while that is prepared."""
    current = current_embedding_model()
    next_one = target()
    return [current] if next_one in (None, current) else [current, next_one]


def target() -> EmbeddingModel | None:
    """The model that is being prepared; None when none is."""
    running = ReembedJob.objects.filter(status=ReembedJob.Status.RUNNING)
    job = running.select_related("model__provider").first()
    return job.model if job else None


def hold() -> None:
    """Keep the current model from changing until the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(%s)", [SWITCH_LOCK])


def missing(model: EmbeddingModel) -> "QuerySet[Chunk]":
    """The passages without a vector by this model."""
    vectors = ChunkVector.objects.filter(embedding_model=model, chunk_id=OuterRef("id"))
    return Chunk.objects.filter(~Exists(vectors))


def switch(job: ReembedJob, running: "QuerySet[ReembedJob]", **fields: object) -> bool:
    """Search with the job's model from now on, if every passage has a vector by it.

    `running` is the job's row as long as it is this worker's. Documents that are being stored
    finish first and are counted; those after them see the new model (`hold`).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [SWITCH_LOCK])
        if missing(job.model).exists() or not running.update(**fields):
            return False
        make_current(job.model)
    return True


def locked(model_id: int) -> EmbeddingModel:
    """For the rest of the transaction. Raises NotFound."""
    model = EmbeddingModel.objects.select_for_update().filter(pk=model_id).first()
    if model is None:
        raise NotFound
    return model


def unused(model_id: int) -> EmbeddingModel:
    """As `locked`; raises Conflict while the model is searched with or being prepared."""
    model = locked(model_id)
    if model.is_current:
        raise Conflict(
            _("Searches use this model. Change to another one before you remove it."),
            code="embedding_in_use",
        )
    if ReembedJob.objects.filter(model=model, status=ReembedJob.Status.RUNNING).exists():
        raise Conflict(
            _("This model is being prepared. Cancel that before you remove it."),
            code="reembed_running",
        )
    return model
