"""The files of one chat: a collection of its own, found by no other chat, gone with it."""

import uuid

from django.db import transaction

from accounts.models import User
from chat.models import Session
from core.errors import NotFound
from documents.collections import chat_collection, delete_collection, name_chat_collection
from documents.models import Collection


@transaction.atomic
def collection_of(*, actor: User, session_id: uuid.UUID) -> Collection:
    """Made when it is first asked for. Raises NotFound for whatever is not a chat of the actor."""
    # Two files dropped together ask at the same time. The collection is not joined: whoever waited
    # for the lock would be given the new row of the session with the join as it was before.
    mine = Session.objects.visible_to(actor).select_for_update(of=("self",))
    session = mine.filter(pk=session_id).first()
    if session is None:
        raise NotFound
    if session.files is None:
        session.files = chat_collection(session.user, session.title)
        session.save(update_fields=["files"])
    return session.files


def keep_name(session: Session) -> None:
    """The library shows the files under the title of their chat."""
    if session.files_id is not None:
        name_chat_collection(session.files_id, session.title)


@transaction.atomic
def delete_with_files(*, actor: User, session: Session) -> None:
    """The caller has checked that the actor may."""
    locked = Session.objects.select_for_update().filter(pk=session.pk).first()
    if locked is None:
        return
    files_id = locked.files_id
    locked.delete()
    if files_id is not None and Collection.objects.filter(pk=files_id).exists():
        delete_collection(actor=actor, collection_id=files_id, documents="delete")
