"""What the HTTP doors to a turn share: it is begun, followed as events, or waited for."""

import asyncio
import json
import uuid
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import get_language

from accounts.addresses import address
from accounts.models import User
from accounts.resolve import Caller
from accounts.watching import until_shut_out
from chat import runner, sse
from chat.event_log import Frame
from chat.models import Generation
from core.errors import AppError, TooMany, Unauthenticated

KEEP_ALIVE_SECONDS = 15


def caller_of(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # caller_auth let nobody else through
    return user


def _caller(request: HttpRequest) -> Caller:
    caller: Caller = request.caller  # type: ignore[attr-defined]  # caller_auth set it
    return caller


async def begin(request: HttpRequest, post: runner.Post) -> Generation:
    language = get_language() or "en"
    return await runner.begin(caller_of(request), language, post, address(request))


async def collected(request: HttpRequest, generation_id: uuid.UUID) -> dict[str, Any]:
    """The saved message at its end; an answer that failed without a word is an error response.

    Raises Unauthenticated when the right of who asked has ended meanwhile.
    """
    saved = asyncio.ensure_future(_saved(generation_id))
    ended = asyncio.ensure_future(until_shut_out(_caller(request)))
    try:
        await asyncio.wait({saved, ended}, return_when=FIRST_COMPLETED)
        if ended.done():
            raise Unauthenticated
        return await saved
    finally:
        saved.cancel()
        ended.cancel()


async def _saved(generation_id: uuid.UUID) -> dict[str, Any]:
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
    frames = _guarded(runner.follow(generation_id, after), _caller(request), first)
    response = StreamingHttpResponse(frames, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _guarded(
    frames: AsyncIterator[Frame], caller: Caller, first: bytes
) -> AsyncIterator[bytes]:
    """Frames as S1's events while the caller may read; comment lines keep proxies from closing."""
    ended = asyncio.ensure_future(until_shut_out(caller))
    iterator = aiter(frames)
    pending = asyncio.ensure_future(anext(iterator))
    try:
        if first:
            yield first
        while not ended.done():
            both = {pending, ended}
            await asyncio.wait(both, timeout=KEEP_ALIVE_SECONDS, return_when=FIRST_COMPLETED)
            if ended.done():
                return
            if not pending.done():
                yield b": still here\n\n"
                continue
            try:
                frame = pending.result()
            except StopAsyncIteration:
                return
            pending = asyncio.ensure_future(anext(iterator))
            yield sse.encode(frame)
    finally:
        pending.cancel()
        ended.cancel()
