"""The life of a generation in the database: kept alive, finished once, closed when abandoned."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from chat import protocol
from chat.event_log import KEEP_SECONDS, encode, stream_key
from chat.models import Citation, Generation, Message, Session
from core.process import is_gone
from core.redis import sync_client
from documents.models import Page
from llm.messages import Usage
from llm.models import LanguageModel
from rag.search import Hit
from rag.settling import Pages, settle
from rag.sources import Source

RUNNING = Generation.Status.RUNNING
LEASE = timedelta(seconds=10)


@dataclass
class Outcome:
    """What a turn ended with."""

    status: str
    text: str
    stop_reason: str = ""
    error_code: str = ""
    sources: Sequence[Source] = ()
    steps: list[dict[str, Any]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    first_token_ms: int | None = None
    last_seq: int = 0
    model: LanguageModel | None = None  # who answered, when it was not who was asked


def checkpoint(generation_id: uuid.UUID, text: str | None) -> bool | None:
    """Renew the lease and, when `text` is given, keep what was said so far.

    Returns whether a stop was asked for; None when the generation is no longer ours to write.
    """
    now = timezone.now()
    mine = Generation.objects.filter(pk=generation_id, status=RUNNING)
    going_on = mine.filter(stop_requested=False).update(lease_until=now + LEASE)
    if text is not None and going_on:
        Message.objects.filter(generation=generation_id).update(content=text)
    if going_on:
        return False
    return True if mine.exists() else None


@transaction.atomic
def finish(generation_id: uuid.UUID, outcome: Outcome) -> tuple[Message, list[Citation]] | None:
    """Write the end of a generation; None when somebody else has closed it before."""
    answered = {"model": outcome.model} if outcome.model else {}
    changed = Generation.objects.filter(pk=generation_id, status=RUNNING).update(
        **answered,
        status=outcome.status,
        finished_at=timezone.now(),
        error_code=outcome.error_code,
        last_seq=outcome.last_seq,
        input_tokens=outcome.usage.input_tokens,
        output_tokens=outcome.usage.output_tokens,
        cached_tokens=outcome.usage.cached_tokens,
        first_token_ms=outcome.first_token_ms,
    )
    if not changed:
        return None
    answer = Message.objects.select_related("model").get(generation=generation_id)
    answer.content = outcome.text
    answer.status = outcome.status
    answer.stop_reason = outcome.stop_reason
    answer.error_code = outcome.error_code
    answer.steps = outcome.steps
    answer.model = outcome.model or answer.model
    answer.save()
    settled = settle(outcome.text, outcome.sources, _pages(outcome.sources))
    rows = [protocol.citation(answer, cited) for cited in settled]
    return answer, Citation.objects.bulk_create(rows)


def _pages(sources: Sequence[Source]) -> Pages:
    """The stored text of the pages that the sources stand on."""
    wanted = Q()
    for document, page in {(s.hit.document_id, s.hit.page) for s in sources}:
        wanted |= Q(document_id=document, number=page)
    if not wanted:
        return {}
    rows = Page.objects.filter(wanted).values_list("document_id", "number", "text")
    return {(document, number): text for document, number, text in rows}


def close_if_abandoned(generation: Generation) -> bool:
    """End a generation whose process died, keeping every word that reached its log."""
    expired = generation.lease_until < timezone.now() or is_gone(generation.owner)
    if generation.status != RUNNING or not expired:
        return False
    frames = _stored_events(generation.pk)
    said = "".join(event.get("content", "") for event in frames if event["type"] == "stream_chunk")
    kept = generation.answer.content
    text = said if len(said) >= len(kept) else kept
    last_seq = max([generation.last_seq, *(event["seq"] for event in frames)])
    outcome = Outcome(
        status=Generation.Status.INTERRUPTED,
        text=text,
        stop_reason="interrupted",
        error_code="restarted",
        sources=[_source(row) for row in _last_sources(frames)],
        last_seq=last_seq + 2,
        model=_last_model(frames),
    )
    saved = finish(generation.pk, outcome)
    if saved is None:
        return False
    _append_end(generation, last_seq, *saved)
    return True


def running(session: Session) -> Generation | None:
    """The generation that is writing to a session; one whose process died is closed first."""
    found = session.generations.select_related("answer").filter(status=RUNNING).first()
    return None if found is None or close_if_abandoned(found) else found


def close_abandoned() -> int:
    unfinished = Generation.objects.filter(status=RUNNING).select_related("answer")
    return sum(close_if_abandoned(generation) for generation in unfinished)


def _stored_events(generation_id: uuid.UUID) -> list[dict[str, Any]]:
    rows = cast("list[Any]", sync_client().xrange(stream_key(generation_id)))
    return [json.loads(fields["e"]) for _, fields in rows]


def _last_sources(frames: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [event["sources"] for event in frames if event["type"] == "sources"]
    return list(found[-1]) if found else []


def _last_model(frames: Sequence[dict[str, Any]]) -> LanguageModel | None:
    told = [event["model"]["id"] for event in frames if event["type"] == "model"]
    return LanguageModel.objects.filter(pk=told[-1]).first() if told else None


def _source(row: dict[str, Any]) -> Source:
    hit = Hit(
        chunk_id=row["chunk_id"],
        document_id=uuid.UUID(row["document_id"]),
        filename=row["document_name"],
        title="",
        page=row["page"],
        start=row["start"],
        end=row["end"],
        heading="",
        text=row["excerpt"],
        ordinal=row["chunk_index"],
        score=row["similarity_score"],
        lexical=0.0,
        fused=0.0,
    )
    return Source(row["number"], hit, hit.text)


def _append_end(
    generation: Generation, last_seq: int, answer: Message, citations: Sequence[Citation]
) -> None:
    """The closing events, for whoever still follows the log."""
    events = [
        protocol.error("restarted", answer.error, True),
        protocol.message_saved(answer, citations),
    ]
    name = stream_key(generation.pk)
    pipe = sync_client().pipeline(transaction=False)
    for number, event in enumerate(events, last_seq + 1):
        frame = encode(generation.pk, number, event)
        pipe.xadd(name, {"e": frame, "l": int(number == last_seq + 2)}, id=f"{number}-0")
    pipe.expire(name, KEEP_SECONDS)
    pipe.execute(raise_on_error=False)
