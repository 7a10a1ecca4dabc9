"""The write side of the registry, and the way from a row to something that answers or embeds."""

from __future__ import annotations

import threading
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core.errors import Conflict, Forbidden, Invalid, NotFound
from llm.base import Abilities, ChatModel, Embedder
from llm.credentials import endpoint
from llm.embeddings.local import LocalEmbedder
from llm.models import EmbeddingModel, LanguageModel, Provider
from llm.queries import listed_models
from llm.registry import CHAT, EMBEDDERS
from llm.resilience import Resilient
from llm.sync import sync_registry

__all__ = [
    "chat_model",
    "create_model",
    "delete_model",
    "embedder",
    "get_model",
    "sync_registry",
    "update_model",
]

WRITABLE = frozenset(
    {
        "name",
        "display_name",
        "order",
        "context_window",
        "max_output_tokens",
        "supports_tools",
        "supports_vision",
        "parameters",
        "input_price",
        "output_price",
        "is_active",
    }
)


class Actor(Protocol):
    """Who asks: any user. This room does not know the accounts room."""

    @property
    def is_admin(self) -> bool: ...


def chat_model(model: LanguageModel) -> ChatModel:
    """Something to stream from. ``model.provider`` must be loaded: this makes no query."""
    adapter = import_string(CHAT[model.provider.kind])
    abilities = Abilities(
        tools=model.supports_tools,
        vision=model.supports_vision,
        max_output_tokens=model.max_output_tokens,
        parameters=model.parameters,
    )
    seconds = float(model.parameters.get("first_event_seconds", 60))
    return Resilient(adapter(endpoint(model.provider), abilities), first_event=seconds)


_embedders: dict[int, Embedder] = {}
_embedders_lock = threading.Lock()


def embedder(model: EmbeddingModel) -> Embedder:
    """The embedder of a row, one for the whole process: a local one holds its weights."""
    with _embedders_lock:
        found = _embedders.get(model.pk)
        if found is None:
            found = _embedders[model.pk] = _new_embedder(model)
        return found


def _new_embedder(model: EmbeddingModel) -> Embedder:
    if model.kind == EmbeddingModel.Kind.LOCAL:
        return LocalEmbedder(threads=settings.EMBEDDER_THREADS)
    where = endpoint(Provider(kind=model.kind))
    made: Embedder = import_string(EMBEDDERS[model.kind])(where, model.name, model.dimensions)
    return made


def get_model(*, actor: Actor, model_id: UUID) -> LanguageModel:
    model = listed_models(everything=actor.is_admin).filter(pk=model_id).first()
    if model is None:
        raise NotFound
    return model


def create_model(
    *, actor: Actor, provider: str, api_endpoint: str = "", **fields: Any
) -> LanguageModel:
    """``provider`` is a provider's id or a kind; a kind with an address makes its provider."""
    _require_admin(actor)
    with transaction.atomic():
        model = LanguageModel(provider=_provider(provider, api_endpoint))
        return _write(model, fields)


def update_model(
    *,
    actor: Actor,
    model_id: UUID,
    provider: str = "",
    api_endpoint: str | None = None,
    **fields: Any,
) -> LanguageModel:
    with transaction.atomic():
        model = _locked(actor, model_id)
        if provider or api_endpoint is not None:
            kind = provider or model.provider.kind
            model.provider = _provider(kind, api_endpoint or "")
        return _write(model, fields)


def delete_model(*, actor: Actor, model_id: UUID) -> None:
    with transaction.atomic():
        model = _locked(actor, model_id)
        try:
            with transaction.atomic():
                model.delete()
        except ProtectedError as error:
            raise Conflict(
                _("Chats were held with this model. Switch it off instead of deleting it."),
                code="model_in_use",
            ) from error


def _require_admin(actor: Actor) -> None:
    if not actor.is_admin:
        raise Forbidden


def _locked(actor: Actor, model_id: UUID) -> LanguageModel:
    _require_admin(actor)
    rows = LanguageModel.objects.select_for_update(of=("self",)).select_related("provider")
    model = rows.filter(pk=model_id).first()
    if model is None:
        raise NotFound
    return model


def _provider(given: str, api_endpoint: str) -> Provider:
    try:
        found = Provider.objects.filter(pk=UUID(given)).first()
    except ValueError:
        return _provider_of_kind(given, api_endpoint)
    if found is None:
        raise _invalid({"provider": [_("There is no such provider.")]})
    if api_endpoint and api_endpoint != found.base_url:
        return _provider_of_kind(found.kind, api_endpoint)
    return found


def _provider_of_kind(kind: str, api_endpoint: str) -> Provider:
    if kind not in Provider.Kind.values:
        kinds = ", ".join(Provider.Kind.values)
        raise _invalid({"provider": [_("Give one of these, or a provider's id: %s") % kinds]})
    if kind == Provider.Kind.OPENAI_COMPATIBLE and not api_endpoint:
        raise _invalid({"api_endpoint": [_("Give the address of the server.")]})
    name = api_endpoint or str(Provider.Kind(kind).label)
    provider = Provider(kind=kind, base_url=api_endpoint, name=name[:100])
    try:
        provider.clean_fields()
    except ValidationError as error:
        messages = error.message_dict
        raise _invalid({"api_endpoint": messages.get("base_url", [])}) from error
    return Provider.objects.get_or_create(
        kind=kind, base_url=api_endpoint, defaults={"name": name[:100]}
    )[0]


def _write(model: LanguageModel, fields: dict[str, Any]) -> LanguageModel:
    unknown = fields.keys() - WRITABLE
    if unknown:
        raise TypeError(f"A model has no field {', '.join(sorted(unknown))}.")
    for name, value in fields.items():
        setattr(model, name, value)
    model.display_name = model.display_name or model.name
    try:
        model.full_clean()
    except ValidationError as error:
        raise _invalid(error.message_dict) from error
    model.save()
    return model


def _invalid(errors: dict[str, list[str]]) -> Invalid:
    rows = [{"field": name, "message": " ".join(found)} for name, found in errors.items()]
    detail = rows[0]["message"] if len(rows) == 1 else _("Some fields need another value.")
    return Invalid(detail, extra={"errors": rows})
