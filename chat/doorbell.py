"""Tells the open pages of a chat that its row changed."""

import uuid
from functools import partial

from django.db import transaction

from chat.models import Session
from core.announce import ring


def session_group(session_id: uuid.UUID) -> str:
    return f"chat.{session_id.hex}"


def changed(session: Session) -> None:
    """Ring when the change is committed; pages compare with what they show."""
    row = {
        "title": session.title,
        "status": session.status,
        "archived_at": session.archived_at.isoformat() if session.archived_at else None,
        "leaf_id": str(session.leaf_id) if session.leaf_id else None,
    }
    _after_commit(session.pk, row)


def deleted(session_id: uuid.UUID) -> None:
    _after_commit(session_id, {"deleted": True})


def _after_commit(session_id: uuid.UUID, row: dict[str, object]) -> None:
    payload = {"event": "session", "session": row}
    transaction.on_commit(partial(ring, session_group(session_id), payload))
