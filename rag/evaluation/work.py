"""Asking the questions of a run: by whoever holds its lease, from where the last one stopped.

Each answer is stored as it comes, so a killed worker loses the question in flight.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from llm.errors import LLMError, llm_error
from rag.evaluation import sets, sheets
from rag.evaluation.metrics import Entry, interval, measures
from rag.models import EvaluationRun, Question, Result
from rag.search import Hit, Ranking, Scope, search

log = logging.getLogger(__name__)
Status = EvaluationRun.Status
LEASE = timedelta(seconds=60)
SLICE = 30.0
MOST_FAILURES = 5
MEASURES = ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10")


class Lost(Exception):
    """The run was canceled, or another worker has it."""


def unfinished() -> list[UUID]:
    """Runs nobody works on; those of a change of embedding model are asked by the change itself."""
    mine = Q(purpose="") | Q(purpose__startswith="reranker:")
    found = EvaluationRun.objects.filter(_claimable(), mine)
    return list(found.values_list("pk", flat=True))


def _claimable() -> Q:
    return Q(status=Status.RUNNING) & (Q(lease_until=None) | Q(lease_until__lt=Now()))


def work(run_id: UUID) -> bool:
    """Ask questions for a while; True: send it again."""
    token = uuid4()
    mine = EvaluationRun.objects.filter(pk=run_id)
    if not mine.filter(_claimable()).update(lease_token=token, lease_until=Now() + LEASE):
        return False
    until = time.monotonic() + SLICE
    row = mine.filter(lease_token=token, status=Status.RUNNING)
    try:
        whole = ask_all(run_id, row, lambda: time.monotonic() > until)
    except Lost:
        return False
    if not whole:
        row.update(lease_token=None, lease_until=None)
    return not whole


def ask_all(run_id: UUID, row: "QuerySet[EvaluationRun]", enough: Callable[[], bool]) -> bool:
    """True when the run has come to an end; `row` is the run as long as it is ours."""
    run = EvaluationRun.objects.select_related(
        "evaluation_set__collection",
        "embedding_model__provider",
        "reranker__language_model__provider",
        "reranker__provider",
        "started_by",
    ).get(pk=run_id)
    asked = Result.objects.filter(run=run).values("question")
    for question in run.evaluation_set.questions.exclude(pk__in=asked):
        if enough():
            return False
        try:
            _ask(run, question, row)
        except LLMError as error:
            return _failed(run, row, error)
    _finish(run, row)
    return True


def _ask(run: EvaluationRun, question: Question, row: "QuerySet[EvaluationRun]") -> None:
    if run.embedding_model is None:
        raise Lost
    if run.reranker_name and run.reranker is None:
        raise llm_error("unknown_model")
    begin = time.perf_counter()
    hits = asyncio.run(
        search(
            _asker(run),
            question.text,
            top_k=run.top_k,
            scope=Scope(collections=[run.evaluation_set.collection_id]),
            ranking=Ranking(run.ranking),
            model=run.embedding_model,
            reranker=run.reranker,
        )
    )
    took = round((time.perf_counter() - begin) * 1000)
    with transaction.atomic():
        # Locked: who cancels waits, and nothing is written after that.
        if not row.select_for_update().exists():
            raise Lost
        Result.objects.create(
            run=run,
            question=question,
            found=[_found(hit) for hit in hits],
            measures=_measured(question, hits),
            milliseconds=took,
        )
        row.update(done=F("done") + 1, lease_until=Now() + LEASE, failures=0, error_code="")


def _asker(run: EvaluationRun) -> User:
    """Who started it; a run outlives the account, and what it searches is its collection alone."""
    admins = User.objects.filter(is_active=True, role__in=("admin", "superadmin"))
    asker = run.started_by if run.started_by and run.started_by.is_admin else admins.first()
    if asker is None:
        raise Lost
    return asker


def _found(hit: Hit) -> dict[str, Any]:
    return {
        "document_id": str(hit.document_id),
        "document": hit.filename,
        "page": hit.page,
        "start": hit.start,
        "end": hit.end,
        "score": round(hit.score, 4),
    }


def _measured(question: Question, hits: list[Hit]) -> dict[str, float]:
    gold = {(sheets.key(document), page): 1 for document, page in question.expected}
    entries = []
    for hit in hits:
        places = {(str(hit.document_id), hit.page), (sheets.key(hit.filename), hit.page)}
        entries.append(Entry((hit.document_id, hit.page), places & gold.keys()))
    return {name: value for name, value in measures(gold, entries).items() if name in MEASURES}


def _failed(run: EvaluationRun, row: "QuerySet[EvaluationRun]", error: LLMError) -> bool:
    """Tried again by the next sweep; after some failures in a row it has failed."""
    log.warning("evaluation %s met an error: %s", run.pk, error)
    if run.failures + 1 >= MOST_FAILURES or not error.retryable:
        row.update(status=Status.FAILED, error_code=error.code[:20], finished_at=Now())
        return True
    row.update(failures=F("failures") + 1, error_code=error.code[:20])
    raise Lost


def _finish(run: EvaluationRun, row: "QuerySet[EvaluationRun]") -> None:
    rows = list(Result.objects.filter(run=run).values_list("measures", flat=True))
    summary = {}
    for name in MEASURES if rows else ():
        mean = interval([row_[name] for row_ in rows])
        summary[name] = [round(value, 4) for value in (mean.mean, mean.low, mean.high)]
    row.update(
        status=Status.DONE, summary=summary, done=len(rows), finished_at=Now(), lease_until=None
    )


def missing_documents(run: EvaluationRun) -> set[str]:
    """Expected documents that are no longer in the collection."""
    there = sets.document_ids(run.evaluation_set.collection)
    wanted = {
        document
        for question in run.evaluation_set.questions.all()
        for document, _page in question.expected
    }
    return {document for document in wanted if sheets.key(document) not in there}
