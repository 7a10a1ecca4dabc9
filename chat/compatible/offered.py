"""What a caller may ask here, under the names programs choose from."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from chat.assistants.models import Assistant, AssistantVersion
from chat.assistants.queries import answering, usable_by
from core.errors import NotFound, Unavailable
from llm.models import LanguageModel
from llm.queries import usable_models

ASSISTANT = "assistant:"


@dataclass(frozen=True)
class Offered:
    """Its name here and who answers; an assistant is asked as it is now written."""

    name: str
    model: LanguageModel
    version: AssistantVersion | None = None


def listed(user: User) -> list[dict[str, Any]]:
    """Everything on offer, as `GET /v1/models` gives it: assistants first."""
    cards = [_assistant_card(name, one) for name, one in _assistants(user)]
    return cards + [_model_card(name, model) for name, model in _named(usable_models())]


def card(user: User, named: str) -> dict[str, Any]:
    """One of them. Raises NotFound."""
    if (helper := _assistant(user, named)) is not None:
        return _assistant_card(*helper)
    return _model_card(*_model(named))


def found(user: User, named: str) -> Offered:
    """By its name or its id; raises NotFound, also for an assistant that is not open to them."""
    helper = _assistant(user, named)
    if helper is None:
        return Offered(*_model(named))
    name, assistant = helper
    version = assistant.versions.select_related("prompt").first()
    model = answering(version) if version else None
    if version is None or model is None:
        raise Unavailable(_("No model of this assistant can be asked right now."))
    return Offered(name, model, version)


def _assistant(user: User, named: str) -> tuple[str, Assistant] | None:
    """None where it is no assistant that is asked for."""
    pk = _uuid(named)
    if not named.startswith(ASSISTANT) and pk is None:
        return None
    rows = _assistants(user)
    row = next(((name, one) for name, one in rows if named == name or one.pk == pk), None)
    if row is None and pk is None:
        raise _not_found(named)
    return row


def _model(named: str) -> tuple[str, LanguageModel]:
    wanted = Q(name__in={named, named.rpartition("@")[0]})
    if pk := _uuid(named):
        wanted |= Q(pk=pk)
    for name, model in _named(usable_models().filter(wanted)):
        if named in (name, str(model.pk)):
            return name, model
    raise _not_found(named)


def _not_found(named: str) -> NotFound:
    sentence = _("There is no model %(name)s here that you may use. GET /v1/models lists them.")
    return NotFound(sentence % {"name": named}, code="model_not_found", extra={"param": "model"})


def _assistant_card(name: str, assistant: Assistant) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(assistant.created_at.timestamp()),
        "owned_by": "lontar",
        "name": assistant.name,
        "description": assistant.description,
    }


def _model_card(name: str, model: LanguageModel) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(model.created_at.timestamp()),
        "owned_by": model.provider.name,
        "name": model.display_name,
        "context_window": model.context_window,
        "supports_tools": model.supports_tools,
        "supports_vision": model.supports_vision,
    }


def _assistants(user: User) -> Iterator[tuple[str, Assistant]]:
    taken: set[str] = set()
    for assistant in usable_by(user):
        short = f"{ASSISTANT}{slugify(assistant.name, allow_unicode=True)}"
        # Two names may differ in signs alone.
        name = short if short not in taken and short != ASSISTANT else f"{ASSISTANT}{assistant.pk}"
        taken.add(name)
        yield name, assistant


def _named(models: Iterable[LanguageModel]) -> Iterator[tuple[str, LanguageModel]]:
    """Each under its own name, or where several providers have it, with the provider's behind."""
    taken: set[str] = set()
    for model in models:
        behind = f"{model.name}@{slugify(model.provider.name)}"
        name = next((n for n in (model.name, behind) if n not in taken), str(model.pk))
        taken.add(name)
        yield name, model


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.removeprefix(ASSISTANT))
    except ValueError:
        return None
