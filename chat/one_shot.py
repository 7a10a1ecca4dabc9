"""One question in one request: the session is found, or begun, with it."""

import uuid
from collections.abc import Callable, Sequence
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import queries, services
from chat.models import Assistant, Generation, Session
from core.errors import Conflict, NotFound
from core.idempotency import fingerprint
from llm.models import LanguageModel
from llm.queries import usable_models


def ask_once(
    *,
    actor: User,
    prompt: str,
    session_id: uuid.UUID | None = None,
    model: str = "",
    assistant: str = "",
    images: Sequence[uuid.UUID] = (),
    key: str = "",
) -> tuple[Generation, bool]:
    """(the generation that answers, whether it is a new one), as `services.post_once`.

    A session of this id is continued when it is the actor's, begun when there is none, and NotFound
    when it is somebody else's. `model` is the id or the name of one, for this and later questions;
    `assistant` that of the one the session is begun with.
    """
    # Looked up first: a model that is not there begins no session.
    chosen, helper = _model(model), _assistant(actor, assistant)
    begin = partial(
        services.create_session,
        actor=actor,
        model_id=chosen.pk if chosen else None,
        assistant_id=helper.pk if helper else None,
    )

    @transaction.atomic
    def post() -> Generation:
        session = _session(actor, session_id, begin, chosen, helper)
        return services.post_message(actor=actor, session_id=session.pk, text=prompt, images=images)

    print_ = fingerprint("ask", prompt, session_id, model, *filter(None, [assistant]), *images)
    return services.once_posted(actor, key, print_, post)


@transaction.atomic
def session_for(
    *, actor: User, session_id: uuid.UUID, model: str = "", assistant: str = ""
) -> tuple[Session, bool]:
    """(the session a question would go to, whether it was begun here); raises as `ask_once`."""
    chosen, helper = _model(model), _assistant(actor, assistant)
    begin = partial(
        services.create_session,
        actor=actor,
        model_id=chosen.pk if chosen else None,
        assistant_id=helper.pk if helper else None,
    )
    is_new = not Session.objects.filter(pk=session_id).exists()
    return _session(actor, session_id, begin, chosen, helper), is_new


def _session(
    actor: User,
    session_id: uuid.UUID | None,
    begin: Callable[..., Session],
    model: LanguageModel | None,
    assistant: Assistant | None,
) -> Session:
    if session_id is None:
        return begin()
    try:
        session = queries.session(actor, session_id)
    except NotFound:
        return _begun(actor, session_id, begin)
    if assistant is not None and session.assistant_id != assistant.pk:
        raise Conflict(
            _("This chat was not begun with that assistant. Ask it in a new chat."),
            code="another_assistant",
        )
    if model is not None and session.model_id != model.pk:
        services.update_session(actor=actor, session=session, model_id=model.pk)
    return session


def _begun(actor: User, session_id: uuid.UUID, begin: Callable[..., Session]) -> Session:
    try:
        with transaction.atomic():
            return begin(session_id=session_id)
    except IntegrityError:
        # Somebody else's, or the actor's own from the same moment.
        return queries.session(actor, session_id)


def _assistant(actor: User, named: str) -> Assistant | None:
    return services.usable_assistant(actor, named) if named else None


def _model(named: str) -> LanguageModel | None:
    if not named:
        return None
    try:
        return services.usable_model(uuid.UUID(named))
    except ValueError:
        found = usable_models().filter(name=named).first()
        return found or services.usable_model(None)
