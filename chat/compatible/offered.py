"""What a caller may ask here, under the names programs choose from."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core.errors import NotFound
from llm.models import LanguageModel
from llm.queries import usable_models


def listed() -> list[dict[str, Any]]:
    """Everything on offer, as `GET /v1/models` gives it."""
    return [card(name, model) for name, model in _named(usable_models())]


def found(named: str) -> tuple[str, LanguageModel]:
    """(its name here, the model). Raises NotFound."""
    wanted = Q(name__in={named, named.rpartition("@")[0]})
    if pk := _uuid(named):
        wanted |= Q(pk=pk)
    for name, model in _named(usable_models().filter(wanted)):
        if named in (name, str(model.pk)):
            return name, model
    sentence = _("There is no model %(name)s here that you may use. GET /v1/models lists them.")
    raise NotFound(sentence % {"name": named}, code="model_not_found", extra={"param": "model"})


def card(name: str, model: LanguageModel) -> dict[str, Any]:
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
        return uuid.UUID(text)
    except ValueError:
        return None
