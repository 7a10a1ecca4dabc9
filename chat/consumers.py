"""The chat socket: reads frames, starts and stops turns, passes on their events.

A turn never runs inside the handler: Channels handles one frame at a time, so a turn in here could
not be stopped, and it would end with the connection.
"""

import asyncio
import json
import logging
import uuid
from functools import partial
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.addresses import scope_address
from accounts.models import User
from chat import branches, generations, protocol, queries, runner, services
from chat.doorbell import session_group
from core.db import in_thread
from core.errors import AppError, Invalid, NotFound, TooMany
from core.language import scope_language

log = logging.getLogger(__name__)

MAX_FRAME = 512 * 1024
CLOSE_NOT_FOUND = 4404


class ChatConsumer(AsyncWebsocketConsumer):
    """Client → message, edit, stop, resume, regenerate. Server → the events of chat/protocol.py."""

    user: User
    session_id: uuid.UUID
    language: str

    async def connect(self) -> None:
        self.followed: dict[uuid.UUID, asyncio.Task[None]] = {}
        self.user = self.scope["user"]  # accounts.sockets lets nobody else through
        self.language = scope_language(self.scope, self.user.language)
        self.session_id = self.scope["url_route"]["kwargs"]["session_id"]
        try:
            running = await in_thread(self._running)
        except NotFound:
            await self.accept()
            await self.close(CLOSE_NOT_FOUND)
            return
        await self.channel_layer.group_add(self._group, self.channel_name)
        await self.accept()
        await self._send({"type": "ready", "session_id": str(self.session_id), **running})

    def _running(self) -> dict[str, Any]:
        session = queries.session(self.user, self.session_id)
        generation = generations.running(session)
        if generation is None:
            return {"generation": None}
        return {
            "generation": {
                "generation_id": str(generation.pk),
                "message_id": str(generation.answer_id),
                "last_seq": generation.last_seq,
            }
        }

    async def disconnect(self, code: int) -> None:
        for task in self.followed.values():
            task.cancel()
        await self.channel_layer.group_discard(self._group, self.channel_name)

    @property
    def _group(self) -> str:
        return session_group(self.session_id)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        with translation.override(getattr(self, "language", "en")):
            try:
                await self._dispatch(self._parse(text_data))
            except AppError as error:
                await self._refuse(error)
            except Exception:
                log.exception("chat socket")
                await self._refuse(AppError(code="internal", retryable=True))

    def _parse(self, text: str | None) -> dict[str, Any]:
        if text is None or len(text) > MAX_FRAME:
            raise Invalid(_("Send one JSON object of at most 512 kB."), code="bad_frame")
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Invalid(_("That is not JSON."), code="bad_frame") from error
        if not isinstance(frame, dict):
            raise Invalid(_("Send one JSON object."), code="bad_frame")
        return frame

    async def _dispatch(self, frame: dict[str, Any]) -> None:
        match frame.get("type"):
            case "message":
                await self._message(frame)
            case "stop":
                await self._stop()
            case "resume":
                await self._resume(frame)
            case "regenerate":
                await self._regenerate(frame.get("message_id"))
            case "edit":
                await self._edit(frame)
            case "ping":
                await self._send({"type": "pong"})
            case _:
                raise Invalid(_("Unknown message type."), code="unknown_type")

    async def _message(self, frame: dict[str, Any]) -> None:
        """`client_id` is the page's own name for this message: sent again after a lost connection
        it is still one message. `attachments` are pictures that were brought here: [{id}]."""
        text, client_id = frame.get("message"), frame.get("client_id")
        if not isinstance(text, str):
            raise Invalid(_("Write a question first."), code="empty_message")
        ask = partial(services.post_once, actor=self.user, session_id=self.session_id)
        ask = partial(ask, text=text, images=_images(frame.get("attachments")) or ())
        await self._begin(partial(ask, key=_key(client_id)))

    async def _regenerate(self, message_id: Any) -> None:
        mine = await self._message_here(message_id)
        await self._begin(partial(branches.answer_again_once, actor=self.user, message_id=mine))

    async def _edit(self, frame: dict[str, Any]) -> None:
        """As `_message`, in place of an earlier question. It keeps its pictures unless told."""
        text, client_id = frame.get("message"), frame.get("client_id")
        if not isinstance(text, str):
            raise Invalid(_("Write a question first."), code="empty_message")
        mine = await self._message_here(frame.get("message_id"))
        ask = partial(branches.edit_once, actor=self.user, message_id=mine, text=text)
        ask = partial(ask, images=_images(frame.get("attachments")))
        await self._begin(partial(ask, key=_key(client_id)))

    async def _message_here(self, message_id: Any) -> uuid.UUID:
        message = await in_thread(queries.message, self.user, _uuid(message_id))
        if message.session_id != self.session_id:
            raise NotFound
        return message.pk

    async def _begin(self, post: runner.Post) -> None:
        generation = await runner.begin(self.user, self.language, post, scope_address(self.scope))
        self._follow(generation.pk, 0)

    async def _stop(self) -> None:
        generation = await in_thread(
            services.request_stop, actor=self.user, session_id=self.session_id
        )
        if generation is not None:
            runner.stop_local(generation.pk)

    async def _resume(self, frame: dict[str, Any]) -> None:
        after = frame.get("after", 0)
        if not isinstance(after, int) or isinstance(after, bool) or after < 0:
            raise Invalid(_("`after` is the number of the last event you saw."), code="bad_frame")
        if frame.get("generation_id"):
            generation = await runner.readable(self.user, _uuid(frame["generation_id"]))
            if generation.session_id != self.session_id:
                raise NotFound
        else:
            session = await in_thread(queries.session, self.user, self.session_id)
            latest = await in_thread(queries.latest_generation, session)
            if latest is None:
                return
            generation = latest
        self._follow(generation.pk, after)

    def _follow(self, generation_id: uuid.UUID, after: int) -> None:
        """Pass on events; a new request to follow replaces the one before."""
        earlier = self.followed.pop(generation_id, None)
        if earlier is not None:
            earlier.cancel()
        self.followed[generation_id] = asyncio.create_task(self._pass_on(generation_id, after))

    async def _pass_on(self, generation_id: uuid.UUID, after: int) -> None:
        async for _seq, frame, _last in runner.follow(generation_id, after):
            await self.send(text_data=frame)

    async def ring(self, event: dict[str, Any]) -> None:
        """The doorbell: a turn of this session began elsewhere, or its row was changed."""
        payload = event["payload"]
        if payload["event"] == "session":
            await self._send({"type": "session", **payload["session"]})
            return
        generation_id = uuid.UUID(payload["generation_id"])
        if generation_id not in self.followed:
            self._follow(generation_id, 0)

    async def _refuse(self, error: AppError) -> None:
        after = error.retry_after if isinstance(error, TooMany) else None
        await self._send(protocol.error(error.code, str(error.message), error.retryable, after))

    async def _send(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event, ensure_ascii=False))


def _key(client_id: Any) -> str:
    return f"socket {client_id}" if isinstance(client_id, str) and client_id else ""


def _images(given: Any) -> list[uuid.UUID] | None:
    """Ids of pictures; None where nothing was said of them."""
    if given is None:
        return None
    try:
        return [uuid.UUID(str(each["id"])) for each in given]
    except (TypeError, KeyError, ValueError) as error:
        sentence = _("`attachments` is a list of pictures of this chat, each {id}.")
        raise Invalid(sentence, code="bad_frame") from error


def _uuid(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError as error:
        raise NotFound from error
