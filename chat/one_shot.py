"""One question in one request: the session is found, or begun, with it."""

import uuid

from django.db import IntegrityError, transaction

from accounts.models import User
from chat import queries, services
from chat.models import Generation, Session
from core.errors import NotFound
from core.idempotency import fingerprint
from llm.models import LanguageModel
from llm.queries import usable_models


def ask_once(
    *,
    actor: User,
    prompt: str,
    session_id: uuid.UUID | None = None,
    model: str = "",
    key: str = "",
) -> tuple[Generation, bool]:
    """(the generation that answers, whether it is a new one), as `services.post_once`.

    A session of this id is continued when it is the actor's, begun when there is none, and NotFound
    when it is somebody else's. `model` is the id or the name of one, for this and later questions.
    """
    # Looked up first: a model that is not there begins no session.
    chosen = _model(model)

    @transaction.atomic
    def post() -> Generation:
        session = _session(actor, session_id, chosen)
        return services.post_message(actor=actor, session_id=session.pk, text=prompt)

    return services.once_posted(actor, key, fingerprint("ask", prompt, session_id, model), post)


def _session(actor: User, session_id: uuid.UUID | None, model: LanguageModel | None) -> Session:
    wanted = model.pk if model else None
    if session_id is None:
        return services.create_session(actor=actor, model_id=wanted)
    try:
        session = queries.session(actor, session_id)
    except NotFound:
        return _begun(actor, session_id, wanted)
    if model is not None and session.model_id != model.pk:
        services.update_session(actor=actor, session=session, model_id=model.pk)
    return session


def _begun(actor: User, session_id: uuid.UUID, model_id: uuid.UUID | None) -> Session:
    try:
        with transaction.atomic():
            return services.create_session(actor=actor, model_id=model_id, session_id=session_id)
    except IntegrityError:
        # Somebody else's, or the actor's own from the same moment.
        return queries.session(actor, session_id)


def _model(named: str) -> LanguageModel | None:
    if not named:
        return None
    try:
        return services.usable_model(uuid.UUID(named))
    except ValueError:
        found = usable_models().filter(name=named).first()
        return found or services.usable_model(None)
