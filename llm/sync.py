"""Fill the registry with what the environment's keys open, and ask providers what they offer."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from core import sealing
from llm import asking, prices
from llm.credentials import base_url, configured_kinds, endpoint, is_official
from llm.embeddings.first import ensure_embedding_model
from llm.models import LanguageModel, Provider
from llm.queries import reachable_providers
from llm.seeds import (
    BUILTIN,
    MODELS,
    MOST_FETCHED,
    MOST_LISTED,
    NOT_CHAT,
    Described,
)

log = logging.getLogger(__name__)

# Any number no other advisory lock of this product uses.
SYNC_LOCK = 7_203_101
FEW = 6
ORDER = {kind: 10 * (n + 1) for n, kind in enumerate(Provider.Kind.values)} | {"builtin": 10_000}


def sync_registry() -> None:
    """Called on every start, safe at any time. Adds rows, marks what is offered and looks prices
    up; it changes nothing an administrator has set, and a provider that does not answer is left
    as it was."""
    warn_of_lost_keys()
    providers = _reachable()
    lists = asking.ask_all({each.pk: endpoint(each) for each in providers})
    with transaction.atomic():
        _lock()
        _add(_kept(Provider(kind=Provider.Kind.BUILTIN)), [BUILTIN])
        ensure_embedding_model()
        for provider in providers:
            _sync_provider(provider, lists.get(provider.pk))


def warn_of_lost_keys() -> None:
    """Say which stored keys cannot be read, and what brings them back. Lontar runs without them."""
    sealed = Provider.objects.exclude(api_key_encrypted="")
    for provider in sealed.exclude(sealing.opens("api_key_encrypted")):
        log.warning(
            "The stored key of the provider %s cannot be read: it was encrypted with the key %s, "
            "which is not in FIELD_ENCRYPTION_KEYS. Put that key back, or enter the provider's "
            "key again.",
            provider.name,
            sealing.sealed_with(provider.api_key_encrypted),
        )


def _reachable() -> list[Provider]:
    """The providers with what a request needs: those in the registry, and those the environment
    opens, which may not be there yet."""
    known = list(reachable_providers().exclude(kind=Provider.Kind.BUILTIN))
    there = set(Provider.objects.filter(base_url="").values_list("kind", flat=True))
    new = [kind for kind in configured_kinds() if kind not in there]
    return known + [Provider(kind=kind) for kind in new if kind != Provider.Kind.BUILTIN]


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SYNC_LOCK])


def _sync_provider(provider: Provider, listed: list[Described] | None) -> None:
    if provider.kind == Provider.Kind.OLLAMA and not listed and provider._state.adding:
        return
    provider = _kept(provider)
    empty = not provider.language_models.exists()
    if listed and not keeps_to_seeds(provider) and (empty or not provider.base_url):
        _add(provider, chat_models(listed)[:MOST_LISTED])
    elif empty:
        add_seeds(provider)
    if listed and not _mark_offered(provider, listed).offered:
        # Every name known here has been retired: better an undescribed model than none.
        _add(provider, chat_models(listed)[:FEW])
    refresh_prices(provider, listed or [])


def keeps_to_seeds(provider: Provider) -> bool:
    """A provider's own host lists hundreds of names, most of no use here: the seeds choose."""
    local = provider.kind == Provider.Kind.OLLAMA
    return not local and is_official(provider.kind, base_url(provider))


def add_seeds(provider: Provider) -> None:
    """The models known beforehand; for a server of one's own, whatever it calls its models, only
    where the environment names it and it does not tell."""
    if keeps_to_seeds(provider) or not provider.base_url:
        _add(provider, MODELS.get(provider.kind, []))


@dataclass(frozen=True, slots=True)
class Fetched:
    """What asking a provider for its models did: how many it lists, and what became of them."""

    listed: int
    added: int = 0
    offered: int = 0
    gone: int = 0


def take(provider: Provider, listed: list[Described]) -> Fetched:
    """Fill the registry with what an administrator asked a provider for.

    Of a provider that lists hundreds, only the models known beforehand are switched on: the
    others wait for somebody to choose them. An empty list changes nothing.
    """
    if not listed:
        return Fetched(0)
    chosen = chat_models(listed)[:MOST_FETCHED]
    if keeps_to_seeds(provider):
        seeds = {seed.name: seed for seed in MODELS.get(provider.kind, [])}
        active = set(seeds)
        # What the seeds know of a model (its parameters, say) no list tells.
        chosen = [seeds.get(model.name, model) for model in chosen]
    else:
        active = {model.name for model in chosen[:MOST_LISTED]}
    with transaction.atomic():
        _lock()
        added = _add(provider, chosen, active=active)
        marked = _mark_offered(provider, listed)
        refresh_prices(provider, listed)
    return Fetched(len(listed), added, marked.offered, marked.gone)


def _mark_offered(provider: Provider, listed: list[Described]) -> Fetched:
    names = [model.name for model in listed]
    gone = provider.language_models.filter(is_offered=True).exclude(name__in=names)
    left = gone.update(is_offered=False)
    here = provider.language_models.filter(name__in=names)
    here.filter(is_offered=False).update(is_offered=True)
    return Fetched(len(names), offered=here.count(), gone=left)


def refresh_prices(provider: Provider, listed: list[Described]) -> None:
    """Look prices up again; those an administrator wrote stay."""
    said = {model.name: _prices(model) for model in listed}
    where = base_url(provider)
    changed = [
        model
        for model in provider.language_models.exclude(price_source=LanguageModel.PriceSource.OWN)
        if prices.refresh(model, where, said.get(model.name, {}))
    ]
    LanguageModel.objects.bulk_update(changed, [*prices.FIELDS, "price_source"])


def _prices(model: Described) -> dict[str, Decimal | None]:
    given = {name: getattr(model, name) for name in prices.FIELDS}
    return {name: None if text is None else Decimal(text) for name, text in given.items()}


def _kept(provider: Provider) -> Provider:
    """The row; made when it is not there yet."""
    if not provider._state.adding:
        return provider
    kind = provider.kind
    defaults = {"name": str(Provider.Kind(kind).label), "order": ORDER[kind]}
    return Provider.objects.get_or_create(kind=kind, base_url="", defaults=defaults)[0]


def _add(provider: Provider, models: list[Described], *, active: set[str] | None = None) -> int:
    """Add the models not known yet; those not in ``active`` (if given) are switched off."""
    known = dict(provider.language_models.values_list("name", "order"))
    last = max(known.values(), default=0)
    rows = [
        LanguageModel(
            provider=provider,
            name=model.name[:200],
            display_name=(model.display_name or model.name)[:200],
            order=10 * (place + 1) if active is None else last + 10 * (place + 1),
            is_active=active is None or model.name in active,
            **_columns(model),
        )
        for place, model in enumerate(models)
        if model.name not in known
    ]
    LanguageModel.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _columns(model: Described) -> dict[str, Any]:
    """The columns a description says something about; the rest keeps the column's default."""
    columns: dict[str, Any] = {
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "supports_tools": model.supports_tools,
        "supports_vision": model.supports_vision,
        "supports_reasoning": model.supports_reasoning,
        "tasks": list(model.tasks),
        "parameters": dict(model.parameters),
    }
    listed = _prices(model)
    if any(price is not None for price in listed.values()):
        columns |= {**listed, "price_source": LanguageModel.PriceSource.LISTED}
    return {name: value for name, value in columns.items() if value is not None}


def chat_models(listed: list[Described]) -> list[Described]:
    return [m for m in listed if not any(part in m.name.lower() for part in NOT_CHAT)]
