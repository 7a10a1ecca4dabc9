"""Sessions and what is said in them: everything that writes, each with its own access check."""

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import doorbell, generations, opening, pictures, queries, session_files, tasks
from chat.assistants.models import Assistant
from chat.beginning import create_session, usable_assistant, usable_model
from chat.context import window
from chat.generations import LEASE
from chat.models import Generation, Message, Session
from chat.sentences import CLOSED, COMPLETED
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from core.idempotency import fingerprint, once
from core.process import owner
from llm.models import LanguageModel
from llm.tokens import size

__all__ = ["create_session", "usable_assistant", "usable_model"]

MAX_MESSAGE = 100_000
TITLE_LENGTH = 60
BYTES_A_WORD = 7


def update_session(
    *,
    actor: User,
    session: Session,
    title: str | None = None,
    status: str | None = None,
    model_id: Any = None,
    archived: bool | None = None,
) -> Session:
    _own(actor, session)
    if title is not None or status is not None:
        _require_may_change(actor)
    if archived is not None and archived != bool(session.archived_at):
        session.archived_at = timezone.now() if archived else None
    if title is not None:
        session.title, session.title_is_automatic = title.strip(), not title.strip()
    if status is not None and status != session.status:
        session.status = status
        session.ended_at = timezone.now() if status == Session.Status.COMPLETED else None
    if model_id is not None:
        if session.assistant_id is not None:
            raise Conflict(
                _("The assistant of this chat brings its model. Start a new chat for another one."),
                code="assistant_decides",
            )
        session.model = usable_model(model_id)
    # Not updated_at: a renamed chat is not a chat that went on.
    session.save(
        update_fields=["title", "title_is_automatic", "status", "ended_at", "model", "archived_at"]
    )
    if title is not None:
        session_files.keep_name(session)
    doorbell.changed(session)
    return session


def delete_session(*, actor: User, session: Session) -> None:
    """Delete a chat with all that was said in it and the files that were brought to it."""
    _own(actor, session)
    _require_may_change(actor)
    session_files.delete_with_files(actor=actor, session=session)
    doorbell.deleted(session.pk)


def _own(actor: User, session: Session) -> None:
    if session.user_id != actor.pk and not actor.is_admin:
        raise NotFound


def _require_may_change(actor: User) -> None:
    if settings.CHATS_ARE_KEPT and not actor.is_admin:
        raise Forbidden(
            _(
                "Chats are kept as they are here. Put this one into your archive, or ask an "
                "administrator to change it."
            ),
            code="chats_are_kept",
        )


@transaction.atomic
def post_message(
    *, actor: User, session_id: uuid.UUID, text: str, images: Sequence[uuid.UUID] = ()
) -> Generation:
    """Save the student's message and open the generation that will answer it.

    The message is kept whatever happens to the model afterwards. `images` are ids of pictures that
    were brought to this chat. Raises Conflict (code busy) while an answer is still being written,
    Invalid for an empty or too long message, a closed session, or a model that does not see.
    """
    text = checked(text)
    session = locked(actor, session_id)
    model = model_of(session)
    check_fits(session, model, text, len(images))
    question = add_message(
        session,
        Message.Role.USER,
        parent_id=session.leaf_id,
        content=text,
        pictures=pictures.taken(session, images),
    )
    if session.title_is_automatic and not session.title:
        session.title = make_title(text)
        session_files.keep_name(session)
    return open_generation(session, question, model)


def checked(text: str) -> str:
    """The question as it is kept; raises Invalid when it is empty or too long."""
    text = _clean(text)
    if not text:
        raise Invalid(_("Write a question first."), code="empty_message")
    if len(text) > MAX_MESSAGE:
        raise Invalid(
            _("This message is too long. Upload long texts as a file and ask about them."),
            code="message_too_long",
        )
    return text


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()


def post_once(
    *,
    actor: User,
    session_id: uuid.UUID,
    text: str,
    images: Sequence[uuid.UUID] = (),
    key: str = "",
) -> tuple[Generation, bool]:
    """Like post_message, but a request repeated under its key finds the first one's generation."""
    print_ = fingerprint("message", session_id, text, *images)
    said = _clean(text)
    if said and len(said) <= MAX_MESSAGE and not images:
        asked = opening.Asked(actor, session_id, said, make_title(said), key, print_)
        if (generation := opening.open_at_once(asked)) is not None:
            session_files.keep_name(generation.session)
            return generation, True
    post = partial(post_message, actor=actor, session_id=session_id, text=text, images=images)
    return once_posted(actor, key, print_, post)


def once_posted(
    actor: User, key: str, print_: str, post: Callable[[], Generation]
) -> tuple[Generation, bool]:
    """(what `post` opened, or opened before under this key; whether it ran now)."""
    made: list[Generation] = []

    def effect() -> dict[str, str]:
        made.append(post())
        return {"generation_id": str(made[0].pk)}

    result, new = once(actor.pk, key, print_, effect)
    if new:
        return made[0], True
    return queries.generation(actor, uuid.UUID(result["generation_id"])), False


def locked(actor: User, session_id: uuid.UUID) -> Session:
    """A session of the actor's that a question may be put to, held until the transaction ends.

    Raises NotFound, or Conflict while an answer is being written or when the chat is completed.
    """
    mine = Session.objects.visible_to(actor).filter(id=session_id)
    held = mine.select_for_update(of=("self",))
    session = held.select_related("prompt_version", "assistant_version").first()
    if session is None:
        raise NotFound
    _require_assistant(actor, session)
    if session.status == Session.Status.COMPLETED:
        raise Conflict(COMPLETED, code="completed")
    if generations.running(session) is not None:
        raise Conflict(
            _("The answer before is still being written. Wait for it or stop it first."),
            code="busy",
        )
    return session


def _require_assistant(actor: User, session: Session) -> None:
    """At every turn: what was opened may have been closed since."""
    if session.assistant_id is None:
        return
    if not Assistant.objects.usable_by(actor).filter(pk=session.assistant_id).exists():
        raise Forbidden(CLOSED, code="assistant_closed")


def model_of(session: Session) -> LanguageModel:
    model = queries.model_for(session)
    if model is None and session.assistant_id is not None:
        raise Unavailable(
            _(
                "The model of this assistant cannot be asked right now. Start a chat with another "
                "assistant or a model, or tell your lecturer."
            ),
            code="no_model",
        )
    if model is None:
        raise Unavailable(
            _("No model is set up. Ask an administrator to add one."), code="no_model"
        )
    return model


def check_fits(session: Session, model: LanguageModel, text: str, images: int = 0) -> None:
    """Before it is sent: a question the model cannot hold is better brought as a file."""
    if images:
        pictures.require_sight(session, model)
        pictures.require_room(model, text, images)
    room = window(model).question
    if size(text) > room:
        words = room // BYTES_A_WORD
        raise Invalid(
            _(
                "This message is too long for %(model)s, which takes about %(words)d words. "
                "Shorten it, choose a model with a larger context, or upload the text as a file "
                "and ask about it."
            )
            % {"model": model.display_name, "words": words},
            code="message_too_long",
        )


def add_message(session: Session, role: str, **fields: Any) -> Message:
    session.total_messages += 1
    return Message.objects.create(
        session=session, role=role, position=session.total_messages, **fields
    )


def open_generation(session: Session, question: Message, model: LanguageModel) -> Generation:
    answer = add_message(
        session,
        Message.Role.ASSISTANT,
        parent=question,
        status=Message.Status.STREAMING,
        model=model,
    )
    session.leaf, session.archived_at = answer, None
    if session.summarised_until and _position(question.parent) < session.summarised_until:
        # Another branch: what was summarised is not all said in it.
        session.context_summary, session.summarised_until = "", 0
    session.save()
    try:
        generation = Generation.objects.create(
            session=session,
            question=question,
            answer=answer,
            model=model,
            owner=owner(),
            lease_until=timezone.now() + LEASE,
        )
    except IntegrityError as error:
        raise Conflict(code="busy") from error
    return generation


def _position(message: Message | None) -> int:
    return message.position if message else 0


def make_title(text: str) -> str:
    """The first line of a question, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",.;:") + "…"


def ask_for_summary(session_id: uuid.UUID) -> None:
    """Have a session's older messages shortened in the background."""
    tasks.ask_for_summary(session_id)


def request_stop(*, actor: User, session_id: uuid.UUID) -> Generation | None:
    """Ask the running generation to stop; its process sees this within a second."""
    generation = generations.running(queries.session(actor, session_id))
    if generation is not None:
        Generation.objects.filter(pk=generation.pk).update(stop_requested=True)
    return generation
