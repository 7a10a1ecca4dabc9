"""Branches of a chat: other words for a question, other answers to it, and which one is shown.

Nothing that was said is written over. A new question or answer stands beside the earlier one, under
the same message; the session's leaf says which of them is shown, and what a model is told.
"""

import uuid
from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import doorbell, generations, pictures, queries, services
from chat.models import Generation, Message, Session
from core.errors import Conflict, Invalid, NotFound
from core.idempotency import fingerprint


@transaction.atomic
def answer_again(*, actor: User, message_id: uuid.UUID) -> Generation:
    """Another answer to the same question: after a failure, or because the first did not help.

    `message_id` names the answer or the question. The earlier answer is kept as its own branch.
    """
    message = queries.message(actor, message_id)
    session = services.locked(actor, message.session_id)
    question = message.parent if message.role == Message.Role.ASSISTANT else message
    if question is None:
        raise NotFound
    model = services.model_of(session)
    if question.pictures:
        pictures.require_sight(session, model)
    return services.open_generation(session, question, model)


def answer_again_once(
    *, actor: User, message_id: uuid.UUID, key: str = ""
) -> tuple[Generation, bool]:
    post = partial(answer_again, actor=actor, message_id=message_id)
    return services.once_posted(actor, key, fingerprint("retry", message_id), post)


@transaction.atomic
def edit(
    *,
    actor: User,
    message_id: uuid.UUID,
    text: str,
    images: Sequence[uuid.UUID] | None = None,
) -> Generation:
    """Ask a question again in other words, at its place: what came after it is another branch.

    Its pictures stay with it, unless `images` names others, or none. Raises as
    services.post_message, and Invalid for a message that is not a question.
    """
    text = services.checked(text)
    message = queries.message(actor, message_id)
    if message.role != Message.Role.USER:
        raise Invalid(_("Only your own questions can be changed."), code="not_a_question")
    session = services.locked(actor, message.session_id)
    model = services.model_of(session)
    kept = [uuid.UUID(each["id"]) for each in message.pictures] if images is None else images
    services.check_fits(session, model, text, len(kept))
    question = services.add_message(
        session,
        Message.Role.USER,
        parent=message.parent,
        content=text,
        pictures=pictures.taken(session, kept),
    )
    return services.open_generation(session, question, model)


def edit_once(
    *,
    actor: User,
    message_id: uuid.UUID,
    text: str,
    images: Sequence[uuid.UUID] | None = None,
    key: str = "",
) -> tuple[Generation, bool]:
    post = partial(edit, actor=actor, message_id=message_id, text=text, images=images)
    print_ = fingerprint("edit", message_id, text, *([] if images is None else [images]))
    return services.once_posted(actor, key, print_, post)


@transaction.atomic
def show(*, actor: User, session_id: uuid.UUID, message_id: uuid.UUID) -> Session:
    """Show the branch that goes through a message, down to what was said last on it.

    Also in a completed chat. Raises NotFound for a message of another chat, Conflict (code busy)
    while an answer is being written.
    """
    mine = Session.objects.visible_to(actor).select_related("model")
    session = mine.select_for_update(of=("self",)).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    if generations.running(session) is not None:
        raise Conflict(
            _("The answer is still being written. Wait for it or stop it first."), code="busy"
        )
    end = _newest_end(session, message_id)
    if session.leaf_id != end:
        session.leaf_id = end
        # Not updated_at: nothing was said.
        session.save(update_fields=["leaf"])
        doorbell.changed(session)
    return session


def _newest_end(session: Session, message_id: uuid.UUID) -> uuid.UUID:
    """Of the messages below this one, the one on which the latest branch ends."""
    rows = session.messages.order_by("position").values_list("pk", "parent_id")
    below = {message_id}
    end = None
    for pk, parent in rows:
        if pk in below or parent in below:
            below.add(pk)
            end = pk
    if end is None:
        raise NotFound
    return end
