"""`POST chat`: a question and its answer in one request."""

import json
import uuid
from functools import partial
from typing import Any, Literal

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from accounts.ninja import caller_auth
from chat import one_shot, services
from chat.answering import begin, caller_of, collected, stream_of
from core.errors import AppError, Invalid

router = Router(auth=caller_auth, tags=["chat"])


class AskIn(Schema):
    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(max_length=services.MAX_MESSAGE)
    session_id: uuid.UUID | None = None
    model: str = Field("", max_length=200)
    assistant: str = Field("", max_length=200)
    stream: bool | None = None
    mode: Literal["chat"] = "chat"
    web_search: bool = False
    use_memory: bool = False
    attachments: list[Any] = Field(default_factory=list, max_length=20)


class AskOut(Schema):
    session_id: uuid.UUID
    message: dict[str, Any]


@router.post("chat", response=AskOut)
async def ask(request: HttpRequest, body: AskIn) -> HttpResponseBase:
    """Ask in a session of the id you choose, or a new one. JSON, or the event stream for
    `stream: true` or `Accept: text/event-stream`, whose first event is `session`."""
    _require_known(body)
    post = partial(
        one_shot.ask_once,
        actor=caller_of(request),
        prompt=body.prompt,
        session_id=body.session_id,
        model=body.model,
        assistant=body.assistant,
        key=request.headers.get("Idempotency-Key", ""),
    )
    generation = await begin(request, post)
    session_id = str(generation.session_id)
    stream = body.stream
    if stream is None:
        stream = "text/event-stream" in request.headers.get("Accept", "")
    if stream:
        first = f"event: session\ndata: {json.dumps({'session_id': session_id})}\n\n"
        return stream_of(request, generation.pk, 0, first.encode())
    try:
        message = await collected(request, generation.pk)
    except AppError as error:
        # Whoever asked can read the question there and ask again.
        error.extra["session_id"] = session_id
        raise
    return JsonResponse({"session_id": session_id, "message": message})


def _require_known(body: AskIn) -> None:
    """What cannot be done yet is refused: an answer without it would be another one than wanted."""
    if body.web_search:
        raise Invalid(_("Lontar does not search the web here. Ask without it."), code="no_web")
    if body.use_memory:
        raise Invalid(_("Lontar remembers no other chats here. Ask without it."), code="no_memory")
    if body.attachments:
        raise Invalid(
            _("Bring files to the chat first, then ask: POST chat/sessions/{id}/files."),
            code="no_attachments",
        )
