"""The progress socket: /ws/documents/. It rings and reads rows; it does no work."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.utils.translation import override

from accounts.models import User
from core.db import in_thread
from core.language import scope_language
from documents import doorbell, queries
from documents.asking import reading_as
from documents.models import Document

# A doorbell may be lost; what is still moving is looked at this often without one.
REFRESH_SECONDS = 5.0


class DocumentsConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        self.user = self.scope["user"]
        self.language = scope_language(self.scope, self.user.language)
        # What each unfinished document was last said to be.
        self.said: dict[str, dict[str, Any]] = {}
        self.group = doorbell.group(self.user.id)
        # Join before reading: what changes in between is then rung, not lost.
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        unfinished = await in_thread(_unfinished, self.user, self.language)
        self.said = {row["id"]: row for row in unfinished}
        await self.send_json({"type": "documents", "documents": unfinished})
        self.refresher = asyncio.create_task(self._refresh())

    async def disconnect(self, code: int) -> None:
        refresher = getattr(self, "refresher", None)
        if refresher is not None:
            refresher.cancel()
            with suppress(asyncio.CancelledError):
                await refresher
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """The page has nothing to say here; what it says is ignored."""

    async def ring(self, event: dict[str, Any]) -> None:
        await self._tell(event["payload"]["document_id"])

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            for document_id in list(self.said):
                await self._tell(document_id)

    async def _tell(self, document_id: str) -> None:
        row = await in_thread(_progress, self.user, self.language, UUID(document_id))
        if row is None:
            self.said.pop(document_id, None)
            await self.send_json({"type": "document_deleted", "document": {"id": document_id}})
        elif row != self.said.get(document_id):
            if row["status"] in queries.UNFINISHED:
                self.said[document_id] = row
            else:
                self.said.pop(document_id, None)
            await self.send_json({"type": "document", "document": row})


def _unfinished(user: User, language: str) -> list[dict[str, Any]]:
    with override(language), reading_as(user):
        return [queries.progress(document) for document in queries.unfinished(user)]


def _progress(user: User, language: str, document_id: UUID) -> dict[str, Any] | None:
    with reading_as(user):
        found = Document.objects.visible_to(user).select_related("collection")
        document = found.filter(id=document_id).first()
    with override(language):
        return queries.progress(document) if document else None
