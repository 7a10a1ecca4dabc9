"""Deleting one's own account: what goes, what stays, and that it goes for good."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.services import close_account
from chat import session_files
from chat.models import Session
from chat.mydata import services
from documents import collections
from documents.models import Collection, Document
from documents.services import delete
from llm.models import ModelCall

CHOSEN = (Collection.Kind.SHARED, Collection.Kind.PERSONAL)


def what_goes(user: User) -> dict[str, Any]:
    """How much of each there is, for whoever is about to decide.

    `kept` are calls of models: without the name they only say when which model was asked, and what
    that used.
    """
    mine = Document.objects.filter(owner=user)
    return {
        "chats": user.chat_sessions.count(),
        "documents": mine.count(),
        "documents_others_read": mine.exclude(collection__owner=user).count(),
        "collections": Collection.objects.filter(owner=user, kind=Collection.Kind.SHARED).count(),
        "kept": {"model_calls": ModelCall.objects.filter(user=user).count()},
        "can_be_deleted": not user.is_superadmin,
    }


@transaction.atomic
def leave(*, actor: User) -> None:
    """Delete the account with all its chats and files, in one transaction; files go after it.

    Files of others in a collection of the actor's go back to whoever uploaded them. Raises
    Forbidden for a superadmin; then nothing changes.
    """
    if not actor.is_superadmin:
        for session in Session.objects.filter(user=actor):
            session_files.delete_with_files(actor=actor, session=session)
        for pk in Document.objects.filter(owner=actor).values_list("pk", flat=True):
            delete(actor=actor, document_id=pk)
        for kind in CHOSEN:
            for pk in Collection.objects.filter(owner=actor, kind=kind).values_list(
                "pk", flat=True
            ):
                collections.delete_collection(actor=actor, collection_id=pk, documents="keep")
        for export in services.exports(actor):
            services.remove(actor=actor, export_id=export.pk)
    close_account(actor=actor)
