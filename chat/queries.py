"""Reading sessions: every query starts from what the asker may see."""

import uuid
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import User
from chat.assistants.queries import answering
from chat.models import Citation, Generation, Message, Session
from core.errors import NotFound
from documents.asking import reading_as
from documents.models import Chunk, Collection
from llm.models import LanguageModel
from llm.queries import usable_models


def sessions(
    user: User, status: str = "", search: str = "", archived: bool | None = None
) -> QuerySet[Session]:
    """My sessions, the latest activity first; those whose title or messages hold all words.

    `archived`: only those that are put away, only the others, or all (None).
    """
    found = Session.objects.visible_to(user).select_related("model")
    if archived is not None:
        found = found.filter(archived_at__isnull=not archived)
    for word in search.split():
        said = Message.objects.filter(session=OuterRef("pk"), content__icontains=word)
        found = found.filter(Q(title__icontains=word) | Exists(said))
    return found.filter(status=status) if status else found


def session(user: User, session_id: uuid.UUID) -> Session:
    mine = Session.objects.visible_to(user).select_related("model", "assistant_version")
    found = mine.filter(id=session_id).first()
    if found is None:
        raise NotFound
    return found


def thread(session: Session) -> list[Message]:
    """The messages of the branch that is shown, oldest first, with their citations.

    Each has `siblings`: the ids of all that follow the same message, itself among them.
    """
    return branch(every_message(session), session.leaf_id)


def every_message(session: Session) -> list[Message]:
    """As `thread`, of all branches, in the order in which they were written."""
    rows = session.messages.select_related("model", "feedback").prefetch_related(
        Prefetch("citations", Citation.objects.order_by("number"))
    )
    messages = list(rows)
    families: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    for message in messages:
        family = families.setdefault(message.parent_id, [])
        family.append(message.pk)
        message.siblings = family
    return messages


def branch(messages: Sequence[Message], leaf_id: uuid.UUID | None) -> list[Message]:
    """From a leaf up to the root, given in reading order."""
    by_id = {message.id: message for message in messages}
    path: list[Message] = []
    current = by_id.get(leaf_id) if leaf_id else None
    while current is not None:
        path.append(current)
        current = by_id.get(current.parent_id) if current.parent_id else None
    return path[::-1]


def summary_of(session: Session, thread: Sequence[Message]) -> tuple[str, int]:
    """(what stands for older messages of a branch, up to which position); "" and 0 for none.

    One of another branch may have been kept last: it ends with a message this one does not have.
    """
    until = session.summarised_until
    if not any(message.position == until for message in thread):
        return "", 0
    return session.context_summary, until


def message(user: User, message_id: uuid.UUID) -> Message:
    found = (
        Message.objects.filter(session__in=Session.objects.visible_to(user))
        .select_related("session", "parent")
        .filter(id=message_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def any_message(user: User, message_id: uuid.UUID) -> Message:
    """As `message`; admins read all chats."""
    if not user.is_admin:
        return message(user, message_id)
    found = Message.objects.select_related("session", "parent").filter(id=message_id).first()
    if found is None:
        raise NotFound
    return found


def generation(user: User, generation_id: uuid.UUID) -> Generation:
    found = (
        Generation.objects.filter(session__in=Session.objects.visible_to(user))
        .filter(id=generation_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def latest_generation(session: Session) -> Generation | None:
    return session.generations.order_by("-started_at").first()


def model_for(session: Session) -> LanguageModel | None:
    """The session's model while it can be used, else the first that can.

    An assistant's model is replaced by its fallbacks only; None when none of them can be used.
    """
    if session.assistant_version is not None:
        return answering(session.assistant_version)
    usable = usable_models()
    mine = usable.filter(pk=session.model_id).first() if session.model_id else None
    return mine or usable.first()


def cited_heading(user: User, answer_id: uuid.UUID | None) -> str:
    """The heading of the passage an answer cites last, while the user may still read it."""
    cited = Citation.objects.filter(message=answer_id, cited=True).order_by("number").last()
    if cited is None or cited.chunk_id is None:
        return ""
    readable = Chunk.objects.filter(collection__in=Collection.objects.visible_to(user))
    with reading_as(user):
        return readable.filter(pk=cited.chunk_id).values_list("heading", flat=True).first() or ""
