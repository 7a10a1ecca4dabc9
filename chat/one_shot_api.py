"""`POST chat`: a question and its answer in one request."""

import json
import uuid
from functools import partial

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext_lazy as _
from ninja import Router

from accounts.addresses import address
from accounts.ninja import caller_auth
from chat import attachments, one_shot, session_files
from chat.answering import begin, caller_of, collected, stream_of
from chat.one_shot_shapes import AskIn
from core import bodies
from core.db import in_thread
from core.errors import AppError, Invalid
from core.ids import new_id

router = Router(auth=caller_auth, tags=["chat"])


@router.post("chat")
async def ask(request: HttpRequest) -> HttpResponseBase:
    """Ask in a session of the id you choose, or a new one. JSON, or the event stream for
    `stream: true` or `Accept: text/event-stream`, whose first event is `session`."""
    body = await in_thread(bodies.parsed, request, AskIn)
    _require_known(body)
    key = request.headers.get("Idempotency-Key", "")
    session_id = body.session_id
    images: list[uuid.UUID] = []
    # An empty question is refused below, before anything is kept.
    if body.attachments and body.prompt.strip():
        session_id, images = await _brought(request, body, key)
    post = partial(
        one_shot.ask_once,
        actor=caller_of(request),
        prompt=body.prompt,
        session_id=session_id,
        model=body.model,
        assistant=body.assistant,
        images=images,
        key=key,
    )
    generation = await begin(request, post)
    told = {"session_id": str(generation.session_id)}
    stream = body.stream
    if stream is None:
        stream = "text/event-stream" in request.headers.get("Accept", "")
    if stream:
        first = f"event: session\ndata: {json.dumps(told)}\n\n"
        return stream_of(request, generation.pk, 0, first.encode())
    try:
        message = await collected(request, generation.pk)
    except AppError as error:
        # Whoever asked can read the question there and ask again.
        error.extra |= told
        raise
    return JsonResponse({**told, "message": message})


async def _brought(
    request: HttpRequest, body: AskIn, key: str
) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """The session that has the files of the request, all of them read, and ids of the pictures."""
    actor = caller_of(request)
    files = [attachments.decoded(one.filename, one.data) for one in body.attachments]
    body.attachments.clear()  # the answer may take minutes, and this is large
    # The same request sent again has to find the session it began.
    own = uuid.uuid5(actor.pk, key) if key else new_id()
    find = partial(one_shot.session_for, actor=actor, session_id=body.session_id or own)
    session, is_new = await in_thread(find, model=body.model, assistant=body.assistant)
    try:
        bring = partial(attachments.bring, actor=actor, session=session)
        brought = await in_thread(bring, address=address(request), files=files)
        files.clear()
        await attachments.until_read(brought.documents)
    except AppError as error:
        if is_new and not error.retryable:
            await in_thread(session_files.delete_with_files, actor=actor, session=session)
        else:
            error.extra["session_id"] = str(session.pk)
        raise
    return session.pk, brought.pictures


def _require_known(body: AskIn) -> None:
    """What cannot be done yet is refused: an answer without it would be another one than wanted."""
    if body.web_search:
        raise Invalid(
            _(
                "Lontar does not search the web here. Leave web_search out: an administrator can "
                "add web pages to the material instead."
            ),
            code="no_web",
        )
    if body.use_memory:
        raise Invalid(
            _(
                "Lontar remembers no other chats here. Leave use_memory out, and go on in a chat "
                "by its session_id."
            ),
            code="no_memory",
        )
