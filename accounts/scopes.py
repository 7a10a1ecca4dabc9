"""What a personal API key opens: areas of the API, decided by method and path.

One table for REST, streams and sockets. What no row names needs `admin`, so that a new address is
closed to narrow keys until somebody decides otherwise.
"""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _

PREFIX = "/api/v1/"
READING = ("GET", "HEAD", "OPTIONS")


class Scope(models.TextChoices):
    CHAT = "chat", _("Ask questions and read my chats")
    READ = "files:read", _("Search and read the material I may see")
    WRITE = "files:write", _("Upload and change material")
    ADMIN = "admin", _("Everything my account may do")


# Any key may ask who it is and what there is.
OPEN = ("auth/me", "models", "usage/me", "chat/config")
# Never by a key: a stolen one could make itself a longer life.
CLOSED = ("keys", "auth/", "me/")
CHAT = ("/api/v1/chat", "/api/v1/assistants", "/v1/", "/ws/chat/")
# Asked by POST, yet nothing is changed.
SEARCH = ("/api/v1/rag/",)
FILES = ("/api/v1/files", "/api/v1/collections", "/api/v1/sources", "/api/v1/knowledge")


def needed(method: str, path: str) -> Scope | None:
    """The scope that opens this address; None where any key may come in."""
    if method in READING and path.removeprefix(PREFIX) in OPEN:
        return None
    if path.startswith(CHAT):
        return Scope.CHAT
    if path.startswith((*SEARCH, "/ws/documents/")):
        return Scope.READ
    if path.startswith(FILES):
        return Scope.READ if method in READING else Scope.WRITE
    return Scope.ADMIN


def allows(scopes: Iterable[str], method: str, path: str) -> bool:
    """Whether a key with these scopes may come in here; the account's own rights come on top."""
    scope = needed(method, path)
    if scope is None:
        return True
    if path.removeprefix(PREFIX).startswith(CLOSED):
        return False
    return scope in scopes or Scope.ADMIN in scopes
