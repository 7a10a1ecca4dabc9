"""A new session: with what it goes on, whatever is changed later."""

import logging
import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import reading
from chat.assistants import queries
from chat.assistants.models import Assistant, AssistantVersion
from chat.models import Session
from core.errors import Invalid, NotFound
from core.ids import new_id
from llm.models import LanguageModel
from llm.queries import usable_models
from prompts.models import Prompt
from prompts.queries import active_prompt
from prompts.services import version_of

log = logging.getLogger(__name__)

PROMPT_FIELDS = ("prompt_general", "task", "persona", "mission_objective")
# Instructions of one's own go after an assistant's; these would take the place of its own.
INSTEAD = ("task", "persona", "mission_objective")


def create_session(
    *,
    actor: User,
    model_id: Any = None,
    title: str = "",
    prompt_id: uuid.UUID | None = None,
    assistant_id: uuid.UUID | None = None,
    session_id: uuid.UUID | None = None,
    **prompt_fields: str,
) -> Session:
    """Start a session; raises Invalid for a model, prompt or assistant that the actor cannot use.

    It keeps the prompt, and the assistant, as they are now. An assistant brings its own model and
    prompt: naming others beside it raises Invalid (code assistant_decides). Raises IntegrityError
    when there is a session of this id already, whoever owns it.
    """
    version = None
    if assistant_id:
        if model_id or prompt_id or any(prompt_fields.get(name) for name in INSTEAD):
            raise _assistant_decides()
        version = _assistant(actor, assistant_id)
        prompt = version.prompt or active_prompt()
        model = LanguageModel.objects.filter(pk=version.model_id).first()
    else:
        prompt = _prompt(actor, prompt_id) if prompt_id else active_prompt()
        model = usable_model(model_id) if model_id else None
    session = Session.objects.create(
        id=session_id or new_id(),
        user=actor,
        model=model,
        prompt=prompt,
        prompt_version=version_of(prompt) if prompt else None,
        assistant_id=version.assistant_id if version else None,
        assistant_version=version,
        title=title.strip(),
        title_is_automatic=not title.strip(),
        **{name: prompt_fields.get(name, "") for name in PROMPT_FIELDS},
    )
    reading.begin(session)
    _log(session)
    return session


def usable_model(model_id: Any) -> LanguageModel:
    found = usable_models().filter(pk=model_id).first()
    if found is None:
        raise Invalid(
            _("This model is not available. Choose one from the list."), code="unknown_model"
        )
    return found


def usable_assistant(actor: User, named: str) -> Assistant:
    """By id or by name; raises Invalid for whatever is not open to the actor."""
    try:
        return queries.usable(actor, named)
    except NotFound as error:
        raise _unknown_assistant() from error


def _assistant(actor: User, assistant_id: uuid.UUID) -> AssistantVersion:
    """Its newest version."""
    usable = Assistant.objects.usable_by(actor)
    found = AssistantVersion.objects.filter(assistant_id=assistant_id, assistant__in=usable)
    version = found.select_related("prompt").order_by("-number").first()
    if version is None:
        raise _unknown_assistant()
    return version


def _unknown_assistant() -> Invalid:
    return Invalid(
        _("This assistant is not available to you. Choose one from the list."),
        code="unknown_assistant",
    )


def _assistant_decides() -> Invalid:
    return Invalid(
        _("An assistant brings its own model and prompt. Send it without any."),
        code="assistant_decides",
    )


def _prompt(actor: User, prompt_id: uuid.UUID) -> Prompt:
    found = queries.usable_prompts(actor).filter(pk=prompt_id).first()
    if found is None:
        raise Invalid(
            _("This prompt is not available to you. Leave it out: the chat takes the active one."),
            code="unknown_prompt",
        )
    return found


def _log(session: Session) -> None:
    """The configuration; of texts, only how long they are."""
    prompt, assistant = session.prompt_version, session.assistant_version
    log.info(
        "session %s created: model=%s assistant=%s prompt=%s fields=%s",
        session.pk,
        session.model.name if session.model else "default",
        f"{assistant.assistant_id} version {assistant.number}" if assistant else None,
        f"{prompt.prompt_id} version {prompt.number}" if prompt else None,
        {name: len(getattr(session, name)) for name in PROMPT_FIELDS},
    )
