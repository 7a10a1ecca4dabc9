"""Sessions and what is said in them: everything that writes, each with its own access check."""

import logging
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import generations, opening, queries, session_files, tasks
from chat.context import window
from chat.generations import LEASE
from chat.models import Generation, Message, Session
from core.errors import Conflict, Invalid, NotFound, Unavailable
from core.idempotency import fingerprint, once
from core.ids import new_id
from core.process import owner
from llm.models import LanguageModel
from llm.queries import usable_models
from llm.tokens import size
from prompts.models import Prompt
from prompts.queries import active_prompt

log = logging.getLogger(__name__)

MAX_MESSAGE = 100_000
TITLE_LENGTH = 60
BYTES_A_WORD = 7
PROMPT_FIELDS = ("prompt_general", "task", "persona", "mission_objective")


def create_session(
    *,
    actor: User,
    model_id: Any = None,
    title: str = "",
    prompt_id: uuid.UUID | None = None,
    session_id: uuid.UUID | None = None,
    **prompt_fields: str,
) -> Session:
    """Start a session; raises Invalid for a model or prompt that is not there to be used.

    Raises IntegrityError when there is a session of this id already, whoever owns it.
    """
    model = usable_model(model_id) if model_id else None
    prompt = _prompt(prompt_id) if prompt_id else active_prompt()
    session = Session.objects.create(
        id=session_id or new_id(),
        user=actor,
        model=model,
        prompt=prompt,
        title=title.strip(),
        title_is_automatic=not title.strip(),
        **{name: prompt_fields.get(name, "") for name in PROMPT_FIELDS},
    )
    log.info(
        "session %s created: model=%s prompt=%s fields=%s",
        session.id,
        model.name if model else "default",
        prompt.id if prompt else None,
        {name: len(getattr(session, name)) for name in PROMPT_FIELDS},
    )
    return session


def usable_model(model_id: Any) -> LanguageModel:
    found = usable_models().filter(pk=model_id).first()
    if found is None:
        raise Invalid(
            _("This model is not available. Choose one from the list."), code="unknown_model"
        )
    return found


def _prompt(prompt_id: uuid.UUID) -> Prompt:
    found = Prompt.objects.filter(pk=prompt_id, archived_at__isnull=True).first()
    if found is None:
        raise Invalid(_("This prompt does not exist."), code="unknown_prompt")
    return found


def update_session(
    *,
    actor: User,
    session: Session,
    title: str | None = None,
    status: str | None = None,
    model_id: Any = None,
) -> Session:
    _own(actor, session)
    if title is not None:
        session.title, session.title_is_automatic = title.strip(), not title.strip()
    if status is not None and status != session.status:
        session.status = status
        session.ended_at = timezone.now() if status == Session.Status.COMPLETED else None
    if model_id is not None:
        session.model = usable_model(model_id)
    # Not updated_at: a renamed chat is not a chat that went on.
    session.save(update_fields=["title", "title_is_automatic", "status", "ended_at", "model"])
    if title is not None:
        session_files.keep_name(session)
    return session


def delete_session(*, actor: User, session: Session) -> None:
    """Delete a chat with all that was said in it and the files that were brought to it."""
    _own(actor, session)
    session_files.delete_with_files(actor=actor, session=session)


def _own(actor: User, session: Session) -> None:
    if session.user_id != actor.pk and not actor.is_admin:
        raise NotFound


@transaction.atomic
def post_message(*, actor: User, session_id: uuid.UUID, text: str) -> Generation:
    """Save the student's message and open the generation that will answer it.

    The message is kept whatever happens to the model afterwards. Raises Conflict (code busy) while
    an answer is still being written, Invalid for an empty or too long message or a closed session.
    """
    text = _clean(text)
    if not text:
        raise Invalid(_("Write a question first."), code="empty_message")
    if len(text) > MAX_MESSAGE:
        raise Invalid(
            _("This message is too long. Upload long texts as a file and ask about them."),
            code="message_too_long",
        )
    session = _locked(actor, session_id)
    model = _model(session)
    _check_fits(model, text)
    question = _add(session, Message.Role.USER, parent_id=session.leaf_id, content=text)
    if session.title_is_automatic and not session.title:
        session.title = make_title(text)
        session_files.keep_name(session)
    return _open(session, question, model)


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()


def post_once(
    *, actor: User, session_id: uuid.UUID, text: str, key: str = ""
) -> tuple[Generation, bool]:
    """Like post_message, but a request repeated under its key finds the first one's generation."""
    print_ = fingerprint("message", session_id, text)
    said = _clean(text)
    if said and len(said) <= MAX_MESSAGE:
        asked = opening.Asked(actor, session_id, said, make_title(said), key, print_)
        if (generation := opening.open_at_once(asked)) is not None:
            session_files.keep_name(generation.session)
            return generation, True
    post = partial(post_message, actor=actor, session_id=session_id, text=text)
    return once_posted(actor, key, print_, post)


def answer_again_once(
    *, actor: User, message_id: uuid.UUID, key: str = ""
) -> tuple[Generation, bool]:
    post = partial(answer_again, actor=actor, message_id=message_id)
    return once_posted(actor, key, fingerprint("retry", message_id), post)


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


@transaction.atomic
def answer_again(*, actor: User, message_id: uuid.UUID) -> Generation:
    """Another answer to the same question: after a failure, or because the first did not help.

    `message_id` names the answer or the question. The earlier answer is kept as its own branch.
    """
    message = queries.message(actor, message_id)
    session = _locked(actor, message.session_id)
    question = message.parent if message.role == Message.Role.ASSISTANT else message
    if question is None:
        raise NotFound
    return _open(session, question, _model(session))


def _locked(actor: User, session_id: uuid.UUID) -> Session:
    mine = Session.objects.visible_to(actor).filter(id=session_id)
    session = mine.select_for_update(of=("self",)).first()
    if session is None:
        raise NotFound
    if session.status == Session.Status.COMPLETED:
        raise Conflict(_("This chat is completed. Reopen it or start a new one."), code="completed")
    if generations.running(session) is not None:
        raise Conflict(
            _("The answer before is still being written. Wait for it or stop it first."),
            code="busy",
        )
    return session


def _model(session: Session) -> LanguageModel:
    model = queries.model_for(session)
    if model is None:
        raise Unavailable(
            _("No model is set up. Ask an administrator to add one."), code="no_model"
        )
    return model


def _check_fits(model: LanguageModel, text: str) -> None:
    """Before it is sent: a question the model cannot hold is better brought as a file."""
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


def _add(session: Session, role: str, **fields: Any) -> Message:
    session.total_messages += 1
    return Message.objects.create(
        session=session, role=role, position=session.total_messages, **fields
    )


def _open(session: Session, question: Message, model: LanguageModel) -> Generation:
    answer = _add(
        session,
        Message.Role.ASSISTANT,
        parent=question,
        status=Message.Status.STREAMING,
        model=model,
    )
    session.leaf = answer
    if question.position <= session.summarised_until:
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
