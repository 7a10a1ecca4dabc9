"""Asking over HTTP: the socket's log as S1's server-sent events, or as one JSON answer."""

import uuid
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StrictBool

from accounts import tickets
from accounts.ninja import caller_auth
from accounts.resolve import Caller
from chat import branches, queries, runner, services
from chat.answering import begin, caller_of, collected, stream_of
from chat.pictures import MOST
from core.db import in_thread
from core.errors import NotFound

router = Router(auth=caller_auth, tags=["chat"])


class PictureOf(Schema):
    """One that was brought by `POST chat/sessions/{id}/pictures`."""

    model_config = ConfigDict(extra="forbid")

    id: uuid.UUID


class MessageIn(Schema):
    model_config = ConfigDict(extra="forbid")

    message: str = Field(max_length=services.MAX_MESSAGE)
    attachments: list[PictureOf] = Field(default_factory=list, max_length=MOST)
    stream: StrictBool | None = None


class EditIn(MessageIn):
    """Without `attachments` the question keeps its pictures."""

    attachments: list[PictureOf] | None = Field(None, max_length=MOST)


class AnswerOut(Schema):
    message: dict[str, Any]
    sources: list[dict[str, Any]]


@router.post("chat/sessions/{uuid:session_id}/messages", response=AnswerOut)
async def post_message(
    request: HttpRequest, session_id: uuid.UUID, body: MessageIn
) -> HttpResponseBase:
    """Ask. Answers with text/event-stream, or with JSON for `Accept: application/json`."""
    user, key = caller_of(request), request.headers.get("Idempotency-Key", "")
    ask = partial(services.post_once, actor=user, session_id=session_id)
    ask = partial(ask, text=body.message, images=[one.id for one in body.attachments])
    return await _answer(request, partial(ask, key=key), body.stream)


@router.post("chat/messages/{uuid:message_id}/retry", response=AnswerOut)
async def retry(request: HttpRequest, message_id: uuid.UUID) -> HttpResponseBase:
    """Answer the same question again; the earlier answer is kept as a branch."""
    user, key = caller_of(request), request.headers.get("Idempotency-Key", "")
    again = partial(branches.answer_again_once, actor=user, message_id=message_id, key=key)
    return await _answer(request, again, None)


@router.post("chat/messages/{uuid:message_id}/edit", response=AnswerOut)
async def edit(request: HttpRequest, message_id: uuid.UUID, body: EditIn) -> HttpResponseBase:
    """Ask a question of mine in other words; the earlier question is kept with its answers."""
    user, key = caller_of(request), request.headers.get("Idempotency-Key", "")
    images = None if body.attachments is None else [one.id for one in body.attachments]
    ask = partial(branches.edit_once, actor=user, message_id=message_id, text=body.message)
    ask = partial(ask, images=images)
    return await _answer(request, partial(ask, key=key), body.stream)


@router.get("chat/sessions/{uuid:session_id}/events")
async def events(
    request: HttpRequest, session_id: uuid.UUID, after: int = 0, generation_id: str = ""
) -> HttpResponseBase:
    """Resume: every event of a generation (the latest by default) after number `after`."""
    user = caller_of(request)
    session = await in_thread(queries.session, user, session_id)
    if generation_id:
        generation = await runner.readable(user, _uuid(generation_id))
        if generation.session_id != session.pk:
            raise NotFound
    else:
        latest = await in_thread(queries.latest_generation, session)
        if latest is None:
            raise NotFound
        generation = latest
    last_id = request.headers.get("Last-Event-ID", "")
    return stream_of(request, generation.pk, int(last_id) if last_id.isdigit() else max(after, 0))


@router.post("chat/sessions/{uuid:session_id}/stop", response={200: dict[str, bool]})
async def stop(request: HttpRequest, session_id: uuid.UUID) -> dict[str, bool]:
    """Stop the running answer; what was said is kept."""
    user = caller_of(request)
    generation = await in_thread(services.request_stop, actor=user, session_id=session_id)
    if generation is None:
        return {"stopped": False}
    runner.stop_local(generation.pk)
    return {"stopped": True}


@router.post("chat/ws-ticket", response={200: dict[str, str]})
async def ws_ticket(request: HttpRequest) -> dict[str, str]:
    """A single-use ticket for `?ticket=` of a WebSocket, good for a minute."""
    caller: Caller = request.caller  # type: ignore[attr-defined]  # caller_auth set it
    return {"ticket": await in_thread(tickets.issue, caller)}


def _uuid(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError as error:
        raise NotFound from error


async def _answer(request: HttpRequest, post: runner.Post, stream: bool | None) -> HttpResponseBase:
    generation = await begin(request, post)
    accept = request.headers.get("Accept", "")
    if stream is None:
        stream = not ("application/json" in accept and "text/event-stream" not in accept)
    if stream:
        return stream_of(request, generation.pk, 0)
    saved = await collected(request, generation.pk)
    return JsonResponse({"message": saved, "sources": saved.get("sources", [])})
