"""Asking over HTTP: the socket's log as S1's server-sent events, or as one JSON answer."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.translation import get_language
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from accounts import tickets
from accounts.addresses import address
from accounts.models import User
from accounts.ninja import caller_auth
from accounts.resolve import Caller, still_valid
from chat import queries, runner, services, sse
from chat.event_log import Frame
from chat.models import Generation
from core.db import in_thread
from core.errors import AppError, NotFound, TooMany

router = Router(auth=caller_auth, tags=["chat"])

KEEP_ALIVE_SECONDS = 15
# A long answer is not read on by somebody whose account was closed meanwhile.
RECHECK_SECONDS = 5


class MessageIn(Schema):
    model_config = ConfigDict(extra="forbid")

    message: str = Field(max_length=services.MAX_MESSAGE)
    stream: bool | None = None


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
    return await _answer(request, partial(ask, text=body.message, key=key), body.stream)


@router.post("chat/messages/{uuid:message_id}/retry", response=AnswerOut)
async def retry(request: HttpRequest, message_id: uuid.UUID) -> HttpResponseBase:
    """Answer the same question again; the earlier answer is kept as a branch."""
    user, key = caller_of(request), request.headers.get("Idempotency-Key", "")
    again = partial(services.answer_again_once, actor=user, message_id=message_id, key=key)
    return await _answer(request, again, None)


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


def caller_of(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # caller_auth let nobody else through
    return user


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
    saved = await collected(generation.pk)
    return JsonResponse({"message": saved, "sources": saved.get("sources", [])})


async def begin(request: HttpRequest, post: runner.Post) -> Generation:
    language = get_language() or "en"
    return await runner.begin(caller_of(request), language, post, address(request))


async def collected(generation_id: uuid.UUID) -> dict[str, Any]:
    """The saved message at its end; an answer that failed without a word is an error response."""
    failure: dict[str, Any] = {}
    saved: dict[str, Any] = {}
    async for _seq, frame, _last in runner.follow(generation_id):
        event = json.loads(frame)
        if event["type"] == "error":
            failure = event
        elif event["type"] == "message_saved":
            saved = event["message"]
    if failure and not saved.get("content"):
        if failure["code"] in ("budget", "rate_limited"):
            raise TooMany(
                failure.get("retry_after", 60),
                failure["message"],
                code=failure["code"],
                retryable=failure["retryable"],
            )
        raise AppError(
            failure["message"], code=failure["code"], status=502, retryable=failure["retryable"]
        )
    return saved


def stream_of(
    request: HttpRequest, generation_id: uuid.UUID, after: int, first: bytes = b""
) -> StreamingHttpResponse:
    """Its events after that number; `first` is sent before them."""
    caller: Caller = request.caller  # type: ignore[attr-defined]  # caller_auth set it
    frames = _guarded(runner.follow(generation_id, after), caller, first)
    response = StreamingHttpResponse(frames, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _guarded(
    frames: AsyncIterator[Frame], caller: Caller, first: bytes
) -> AsyncIterator[bytes]:
    """Frames as S1's events while the caller may read; comment lines keep proxies from closing."""
    if first:
        yield first
    iterator = aiter(frames)
    pending = asyncio.ensure_future(anext(iterator))
    checked = spoke = time.monotonic()
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=RECHECK_SECONDS)
            if time.monotonic() - checked >= RECHECK_SECONDS:
                checked = time.monotonic()
                if not await in_thread(still_valid, caller):
                    return
            if done:
                try:
                    frame = pending.result()
                except StopAsyncIteration:
                    return
                pending = asyncio.ensure_future(anext(iterator))
                spoke = time.monotonic()
                yield sse.encode(frame)
            elif time.monotonic() - spoke >= KEEP_ALIVE_SECONDS:
                spoke = time.monotonic()
                yield b": still here\n\n"
    finally:
        pending.cancel()
