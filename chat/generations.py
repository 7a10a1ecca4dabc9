"""The life of a generation in the database: kept alive, finished once, closed when abandoned."""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from chat import protocol
from chat.event_log import KEEP_SECONDS, encode, stream_key
from chat.models import Citation, Generation, Message, Session
from core.process import is_gone
from core.redis import sync_client
from documents.asking import reading_as
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
    asked: LanguageModel | None = None
    reader: User | None = None  # whose answer it is; asked for where it is not told


KEEP = """
with told as (select * from unnest(%s::uuid[], %s::text[]) as told(id, content)
), kept as (
  update chat_generation g set lease_until = %s from told
  where g.id = told.id and g.status = 'running' and not g.stop_requested
    and exists (select from chat_session s join accounts_user u on u.id = s.user_id
      where s.id = g.session_id and u.is_active)
  returning g.id, g.answer_id
), said as (
  update chat_message m set content = told.content from kept join told on told.id = kept.id
  where m.id = kept.answer_id and told.content is not null
)
select id from kept"""


def checkpoint(told: Mapping[uuid.UUID, str | None]) -> dict[uuid.UUID, bool]:
    """Renew the leases of running generations and keep what each said so far (None: no news).

    Those that may go on are True in the answer; the others were asked to stop, answer somebody who
    was switched off, or are no longer ours to write.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [list(told), list(told.values()), timezone.now() + LEASE])
        return dict.fromkeys((pk for (pk,) in cursor.fetchall()), True)


def asked_to_stop(ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Those of the generations that somebody wants to end."""
    wanted = Generation.objects.filter(pk__in=ids, stop_requested=True)
    return list(wanted.values_list("pk", flat=True))


FINISH = """
with ended as (
  update chat_generation set status = %(status)s, finished_at = %(now)s, error_code = %(error)s,
    last_seq = %(last_seq)s, input_tokens = %(read)s, output_tokens = %(written)s,
    cached_tokens = %(cached)s, first_token_ms = %(first)s, model_id = coalesce(%(model)s, model_id)
  where id = %(id)s and status = 'running'
  returning answer_id
)
update chat_message m set content = %(text)s, status = %(status)s, stop_reason = %(reason)s,
  error_code = %(error)s, steps = %(steps)s::jsonb, model_id = coalesce(%(model)s, m.model_id)
from ended where m.id = ended.answer_id
returning m.id, m.session_id, m.parent_id, m.position, m.role, m.model_id, m.created_at"""
FINISHED = ["id", "session_id", "parent_id", "position", "role", "model_id", "created_at"]


def finish(generation_id: uuid.UUID, outcome: Outcome) -> tuple[Message, list[Citation]] | None:
    """Write the end of a generation; None when somebody else has closed it before."""
    if not outcome.sources:
        answer = _finished(generation_id, outcome)
        return None if answer is None else (answer, [])
    with transaction.atomic():
        answer = _finished(generation_id, outcome)
        if answer is None:
            return None
        with reading_as(outcome.reader or User.objects.get(chat_sessions=answer.session_id)):
            pages = pages_of(outcome.sources)
        settled = settle(outcome.text, outcome.sources, pages)
        rows = [protocol.citation(answer, cited) for cited in settled]
        return answer, Citation.objects.bulk_create(rows)


def _finished(generation_id: uuid.UUID, outcome: Outcome) -> Message | None:
    """Both rows in one statement, and the message with its model loaded."""
    given: dict[str, Any] = {
        "id": generation_id,
        "status": outcome.status,
        "now": timezone.now(),
        "error": outcome.error_code,
        "last_seq": outcome.last_seq,
        "read": outcome.usage.input_tokens,
        "written": outcome.usage.output_tokens,
        "cached": outcome.usage.cached_tokens,
        "first": outcome.first_token_ms,
        "model": outcome.model.pk if outcome.model else None,
        "text": outcome.text,
        "reason": outcome.stop_reason,
        "steps": json.dumps(outcome.steps),
    }
    with connection.cursor() as cursor:
        cursor.execute(FINISH, given)
        row = cursor.fetchone()
    if row is None:
        return None
    answer = Message(**dict(zip(FINISHED, row, strict=True)))
    answer.content, answer.status, answer.steps = outcome.text, outcome.status, outcome.steps
    answer.stop_reason, answer.error_code = outcome.stop_reason, outcome.error_code
    answer._state.adding, answer._state.db = False, "default"
    known = (one for one in (outcome.model, outcome.asked) if one and one.pk == answer.model_id)
    answer.model = next(known, None) or answer.model
    return answer


def pages_of(sources: Sequence[Source]) -> Pages:
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
        page_unit=row.get("page_unit", "page"),
        page_label=row.get("page_label", ""),
        start=row["start"],
        end=row["end"],
        heading="",
        text=row["excerpt"],
        ordinal=row["chunk_index"],
        score=row["similarity_score"],
        lexical=0.0,
        fused=0.0,
        source_url=row.get("source_url", ""),
        fetched_at=parse_datetime(row.get("fetched_at") or ""),
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
