"""Making evaluation sets and starting their runs: admins only."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Invalid, NotFound
from core.rights import require_admin
from documents.models import ChunkVector, Collection, Document
from documents.queries import collection as visible_collection
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model
from rag.evaluation import sheets
from rag.models import EvaluationRun, EvaluationSet, Question, Reranker
from rag.search import MAX_TOP_K

Status = EvaluationRun.Status


@dataclass(frozen=True)
class Settings:
    """What may differ between two runs."""

    top_k: int = 10
    ranking: str = EvaluationRun.Ranking.FUSED
    embedding_model: EmbeddingModel | None = None  # None: the one searches use
    reranker: Reranker | None = None  # None: none


def page_counts(collection: Collection) -> dict[str, int]:
    """{a document's name or id as sheets.key gives it: pages} of what has been read."""
    rows = Document.objects.filter(collection=collection, page_count__gt=0)
    counts: dict[str, int] = {}
    for document_id, name, count in rows.values_list("id", "original_filename", "page_count"):
        pages = count or 0
        counts[str(document_id)] = pages
        # Two files of one name: either will do.
        counts[sheets.key(name)] = max(pages, counts.get(sheets.key(name), 0))
    return counts


def document_ids(collection: Collection) -> dict[str, str]:
    """{a document's name or id as sheets.key gives it: its id}."""
    rows = Document.objects.filter(collection=collection).order_by("uploaded_at")
    ids: dict[str, str] = {}
    for document_id, name in rows.values_list("id", "original_filename"):
        ids[str(document_id)] = ids[sheets.key(name)] = str(document_id)
    return ids


def preview(*, actor: User, collection_id: uuid.UUID | str, data: bytes) -> sheets.Sheet:
    """What would become of this file; nothing is kept."""
    require_admin(actor)
    return sheets.read(data, page_counts(visible_collection(actor, collection_id)))


def create(*, actor: User, name: str, collection_id: uuid.UUID | str, data: bytes) -> EvaluationSet:
    """Raises Invalid with a sentence for each bad line: all lines count, or none."""
    sheet = preview(actor=actor, collection_id=collection_id, data=data)
    if sheet.errors:
        raise Invalid(_("Nothing was kept. ") + " ".join(error_lines(sheet)[:20]))
    with transaction.atomic():
        made = EvaluationSet.objects.create(
            name=name.strip()[:200] or _("Questions"),
            collection=visible_collection(actor, collection_id),
            created_by=actor,
        )
        Question.objects.bulk_create(
            Question(evaluation_set=made, number=number, text=text, expected=expected)
            for number, (text, expected) in enumerate(sheet.questions.items(), start=1)
        )
    return made


def error_lines(sheet: sheets.Sheet) -> list[str]:
    return [
        _("Line %(line)s: %(sentence)s") % {"line": line, "sentence": sentence}
        if line
        else sentence
        for line, sentence in sheet.errors
    ]


def get(*, actor: User, set_id: uuid.UUID | str) -> EvaluationSet:
    require_admin(actor)
    found: EvaluationSet = _found(EvaluationSet, set_id)
    return found


def run_of(*, actor: User, run_id: uuid.UUID | str) -> EvaluationRun:
    require_admin(actor)
    found: EvaluationRun = _found(EvaluationRun, run_id)
    return found


def _found(model: Any, row_id: uuid.UUID | str) -> Any:
    try:
        return model.objects.get(pk=row_id)
    except (model.DoesNotExist, ValidationError) as error:
        raise NotFound from error


def start(*, actor: User, evaluation_set: EvaluationSet, settings: Settings) -> EvaluationRun:
    """A run that waits for a worker. Raises Invalid, Conflict for a model without vectors."""
    require_admin(actor)
    if not 1 <= settings.top_k <= MAX_TOP_K:
        raise Invalid(_("Give a number of passages from 1 to %s.") % MAX_TOP_K)
    if settings.ranking not in EvaluationRun.Ranking.values:
        raise Invalid(_("Rank by one of: %s.") % ", ".join(EvaluationRun.Ranking.values))
    if settings.reranker and settings.ranking != EvaluationRun.Ranking.FUSED:
        raise Invalid(_("A reranker orders what was found by meaning and words."))
    try:
        model = settings.embedding_model or current_embedding_model()
    except EmbeddingModel.DoesNotExist as error:
        raise Conflict(_("No embedding model is in use yet."), code="no_vectors") from error
    collection = evaluation_set.collection
    if not ChunkVector.objects.filter(embedding_model=model, collection=collection).exists():
        raise Conflict(
            _("No passage of this collection has a vector by this embedding model yet."),
            code="no_vectors",
        )
    return new_run(evaluation_set, settings, model, actor)


def new_run(
    evaluation_set: EvaluationSet,
    settings: Settings,
    model: EmbeddingModel,
    actor: User | None,
    purpose: str = "",
) -> EvaluationRun:
    return EvaluationRun.objects.create(
        evaluation_set=evaluation_set,
        started_by=actor,
        purpose=purpose,
        top_k=settings.top_k,
        ranking=settings.ranking,
        embedding_model=model,
        embedding_name=model.name,
        reranker=settings.reranker,
        reranker_name=settings.reranker.name if settings.reranker else "",
        total=evaluation_set.questions.count(),
    )


def cancel(*, actor: User, run: EvaluationRun) -> None:
    require_admin(actor)
    EvaluationRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(status=Status.CANCELED)
