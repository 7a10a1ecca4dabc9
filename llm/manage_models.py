"""Language models in the registry: written by administrators, by API and in the admin."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Conflict, NotFound
from llm import audit, prices
from llm.manage_providers import provider_of_kind
from llm.models import Fallback, LanguageModel, Provider, Task
from llm.queries import listed_models
from llm.rules import Actor, check, fill, invalid, require_admin

log = logging.getLogger(__name__)

WRITABLE = frozenset(
    {
        "name",
        "display_name",
        "order",
        "context_window",
        "max_output_tokens",
        "supports_tools",
        "supports_vision",
        "supports_reasoning",
        "tasks",
        "parameters",
        "input_price",
        "output_price",
        "cached_input_price",
        "is_active",
    }
)
MOST_FALLBACKS = 20
# {task: model ids in their order}; "" is for every task. Tasks that are not named stay.
Chains = Mapping[str, Sequence[UUID]]


def get_model(*, actor: Actor, model_id: UUID) -> LanguageModel:
    model = listed_models(everything=actor.is_admin).filter(pk=model_id).first()
    if model is None:
        raise NotFound
    return model


def create_model(
    *,
    actor: Actor,
    provider: str,
    api_endpoint: str = "",
    chains: Chains | None = None,
    **fields: Any,
) -> LanguageModel:
    """``provider`` is a provider's id or a kind; a kind with an address makes its provider."""
    require_admin(actor)
    with transaction.atomic():
        model = LanguageModel(provider=_provider(actor, provider, api_endpoint))
        changed = fill(model, fields, WRITABLE)
        save_model(actor=actor, model=model, changed=changed)
        _set_chains(model, chains or {})
        audit.record(actor, model, audit.ADDITION)
    return model


def update_model(
    *,
    actor: Actor,
    model_id: UUID,
    provider: str = "",
    api_endpoint: str | None = None,
    chains: Chains | None = None,
    **fields: Any,
) -> LanguageModel:
    with transaction.atomic():
        model = _locked(actor, model_id)
        changed = fill(model, fields, WRITABLE)
        if provider or api_endpoint is not None:
            before = model.provider_id
            kind = provider or model.provider.kind
            model.provider = _provider(actor, kind, api_endpoint or "")
            changed += ["provider"] if model.provider_id != before else []
        save_model(actor=actor, model=model, changed=changed)
        changed += ["fallbacks"] if _set_chains(model, chains or {}) else []
        audit.record(actor, model, audit.CHANGE, changed)
    return model


def save_model(*, actor: Actor, model: LanguageModel, changed: Sequence[str]) -> None:
    """Save a row somebody filled in; ``changed`` names the fields. Prices in it are kept from
    now on; without any they are looked up."""
    require_admin(actor)
    model.display_name = model.display_name or model.name
    if set(changed) & set(prices.FIELDS):
        prices.mark_own(model)
    check(model)
    prices.refresh_one(model)
    model.save()


def delete_model(*, actor: Actor, model_id: UUID) -> None:
    with transaction.atomic():
        model = _locked(actor, model_id)
        audit.record(actor, model, audit.DELETION)
        try:
            with transaction.atomic():
                model.delete()
        except ProtectedError as error:
            raise Conflict(
                _("Chats were held with this model. Switch it off instead of deleting it."),
                code="model_in_use",
            ) from error


def _locked(actor: Actor, model_id: UUID) -> LanguageModel:
    require_admin(actor)
    rows = LanguageModel.objects.select_for_update(of=("self",)).select_related("provider")
    model = rows.filter(pk=model_id).first()
    if model is None:
        raise NotFound
    return model


def _provider(actor: Actor, given: str, api_endpoint: str) -> Provider:
    try:
        found = Provider.objects.filter(pk=UUID(given)).first()
    except ValueError:
        return provider_of_kind(actor=actor, kind=given, address=api_endpoint)
    if found is None:
        raise invalid({"provider": [_("There is no such provider.")]})
    if api_endpoint and api_endpoint != found.base_url:
        return provider_of_kind(actor=actor, kind=found.kind, address=api_endpoint)
    return found


def _set_chains(model: LanguageModel, chains: Chains) -> bool:
    """Whether a list became another one."""
    changed = False
    for task, given in chains.items():
        _check_chain(model, task, given)
        rows = Fallback.objects.filter(model=model, task=task).order_by("position")
        if [row.fallback_id for row in rows] == list(given):
            continue
        changed = True
        rows.delete()
        Fallback.objects.bulk_create(
            Fallback(model=model, task=task, position=position, fallback_id=fallback)
            for position, fallback in enumerate(given)
        )
    return changed


def _check_chain(model: LanguageModel, task: str, given: Sequence[UUID]) -> None:
    field = f"task_fallbacks.{task}" if task else "fallbacks"
    if task and task not in Task.values:
        raise invalid({"task_fallbacks": [_("Give one of these: %s") % ", ".join(Task.values)]})
    if model.pk in given:
        raise invalid({field: [_("A model cannot be its own fallback.")]})
    if len(set(given)) != len(given) or len(given) > MOST_FALLBACKS:
        sentence = _("Name each model once, and at most %s of them.") % MOST_FALLBACKS
        raise invalid({field: [sentence]})
    if LanguageModel.objects.filter(pk__in=given).count() != len(given):
        raise invalid({field: [_("There is no such model.")]})


def found_without_tools(model: LanguageModel) -> None:
    """Its server said that it calls none. Only an administrator switches them on again."""
    found = LanguageModel.objects.filter(pk=model.pk, supports_tools=True)
    if found.update(supports_tools=False, updated_at=timezone.now()):
        log.warning("%s calls no tools, its server says; from now on it is asked without", model)
