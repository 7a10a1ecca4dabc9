"""What a search looks in: the access rule, and what the asker narrows it down to."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import User
from documents.models import Collection, Document


@dataclass(frozen=True)
class Scope:
    """What to search in; None means all that is meant for the user, an empty list means nothing.

    Admins may name collections and documents of others. `chat` is the collection of the chat that
    asks: the files of a chat are found in no other.
    """

    collections: Sequence[uuid.UUID] | None = None
    documents: Sequence[uuid.UUID] | None = None
    language: str | None = None
    chat: uuid.UUID | None = None


EVERYTHING = Scope()


def collections_in(user: User, scope: Scope) -> QuerySet[Collection]:
    """Those the user may read, of those in scope; documents of it may be narrowed down further."""
    if scope.collections is not None:
        return Collection.objects.visible_to(user).filter(id__in=list(scope.collections))
    if scope.documents is not None:
        return Collection.objects.visible_to(user)
    of_this_chat = ~Q(kind=Collection.Kind.CHAT) | Q(id=scope.chat)
    return Collection.objects.meant_for(user).filter(of_this_chat)


def documents_in(user: User, scope: Scope) -> QuerySet[Document]:
    """Those in scope, without order. Not by status: a document that is read again is found by its
    old text until then."""
    found = Document.objects.filter(collection__in=collections_in(user, scope).order_by())
    if scope.documents is not None:
        found = found.filter(id__in=list(scope.documents))
    if scope.language:
        found = found.filter(language=scope.language)
    return found.order_by()
