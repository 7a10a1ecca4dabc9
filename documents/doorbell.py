"""Telling open pages that a document's row changed."""

from uuid import UUID

from core.announce import ring


def group(user_id: UUID) -> str:
    """The channel group of a user's progress sockets."""
    return f"documents.{user_id.hex}"


def announce(owner_id: UUID, document_id: UUID) -> None:
    """Ring the owner's pages: they read the row again."""
    ring(group(owner_id), {"document_id": str(document_id)})
