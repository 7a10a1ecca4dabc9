"""What the HTTP doors to a turn share: it is begun, followed as events, or waited for."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import get_language

from accounts.addresses import address
from accounts.models import User
from accounts.resolve import Caller, still_valid
from chat import runner, sse
from chat.event_log import Frame
from chat.models import Generation
from core.db import in_thread
from core.errors import AppError, TooMany

KEEP_ALIVE_SECONDS = 15
# A long answer is not read on by somebody whose account was closed meanwhile.
RECHECK_SECONDS = 5


def caller_of(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # caller_auth let nobody else through
    return user


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
