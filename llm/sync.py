"""Fill the registry with what the environment's keys open, and ask providers what they offer."""

from __future__ import annotations

import logging
import queue
import threading
import time
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from llm.base import Endpoint
from llm.credentials import configured_kinds, endpoint, environment_base_url, is_official
from llm.models import EmbeddingModel, LanguageModel, Provider
from llm.registry import EMBEDDERS, LISTINGS
from llm.seeds import (
    BUILTIN,
    EMBEDDING_SIZES,
    LOCAL_EMBEDDING,
    MODELS,
    MOST_LISTED,
    NOT_CHAT,
    Described,
)

log = logging.getLogger(__name__)

# How long all providers together may take to list what they have; each answers within two seconds.
PATIENCE = 2.5
# Any number no other advisory lock of this product uses.
SYNC_LOCK = 7_203_101
FEW = 6
ORDER = {kind: 10 * (n + 1) for n, kind in enumerate(Provider.Kind.values)} | {"builtin": 10_000}


def sync_registry() -> None:
    """Called on every start, safe at any time. Adds rows and marks what is offered; it changes
    nothing an administrator has set, and a provider that does not answer is left as it was."""
    kinds = [kind for kind in configured_kinds() if kind != Provider.Kind.BUILTIN]
    lists = _ask({kind: endpoint(Provider(kind=kind)) for kind in kinds})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SYNC_LOCK])
        _add(_provider(Provider.Kind.BUILTIN), [BUILTIN])
        _ensure_embedding_model()
        for kind in kinds:
            _sync_provider(kind, lists.get(kind))


def _sync_provider(kind: str, listed: list[Described] | None) -> None:
    if kind == Provider.Kind.OLLAMA and not listed and not _exists(kind):
        return
    provider = _provider(kind)
    seeds = MODELS.get(kind, [])
    if listed and not _keeps_to_seeds(kind):
        _add(provider, _chat_models(listed)[:MOST_LISTED])
    elif not provider.language_models.exists():
        _add(provider, seeds)
    if listed:
        names = [model.name for model in listed]
        provider.language_models.exclude(name__in=names).update(is_offered=False)
        if not provider.language_models.filter(name__in=names).update(is_offered=True):
            # Every name known here has been retired: better an undescribed model than none.
            _add(provider, _chat_models(listed)[:FEW])


def _keeps_to_seeds(kind: str) -> bool:
    """A provider's own host lists hundreds of names, most of no use here: the seeds choose."""
    return kind != Provider.Kind.OLLAMA and is_official(kind, environment_base_url(kind))


def _exists(kind: str) -> bool:
    return Provider.objects.filter(kind=kind, base_url="").exists()


def _provider(kind: str) -> Provider:
    defaults = {"name": str(Provider.Kind(kind).label), "order": ORDER[kind]}
    return Provider.objects.get_or_create(kind=kind, base_url="", defaults=defaults)[0]


def _add(provider: Provider, models: list[Described]) -> None:
    known = set(provider.language_models.values_list("name", flat=True))
    rows = [
        LanguageModel(
            provider=provider,
            name=model.name,
            display_name=model.display_name or model.name,
            order=10 * (place + 1),
            **_columns(model),
        )
        for place, model in enumerate(models)
        if model.name not in known
    ]
    LanguageModel.objects.bulk_create(rows, ignore_conflicts=True)


def _columns(model: Described) -> dict[str, Any]:
    """The columns a description says something about; the rest keeps the column's default."""
    columns = {
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "supports_tools": model.supports_tools,
        "supports_vision": model.supports_vision,
        "input_price": None if model.input_price is None else Decimal(model.input_price),
        "output_price": None if model.output_price is None else Decimal(model.output_price),
        "parameters": dict(model.parameters),
    }
    return {name: value for name, value in columns.items() if value is not None}


def _chat_models(listed: list[Described]) -> list[Described]:
    return [m for m in listed if not any(part in m.name.lower() for part in NOT_CHAT)]


def _ask(endpoints: dict[str, Endpoint]) -> dict[str, list[Described]]:
    """What each provider lists. One that is slow, away or odd is missing from the answer."""
    if not settings.LLM_ALLOW_NETWORK:
        return {}
    answers: queue.Queue[tuple[str, list[Described] | None]] = queue.Queue()
    for kind, where in endpoints.items():
        # Daemons: looking up a host's name knows no time limit, and a start must not wait for it.
        threading.Thread(target=_ask_one, args=(kind, where, answers), daemon=True).start()
    found: dict[str, list[Described]] = {}
    deadline = time.monotonic() + PATIENCE
    for _ in endpoints:
        try:
            kind, listed = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        if listed is not None:
            found[kind] = listed
    return found


def _ask_one(
    kind: str, where: Endpoint, answers: queue.Queue[tuple[str, list[Described] | None]]
) -> None:
    try:
        answers.put((kind, import_string(LISTINGS[kind])(where)))
    except Exception as error:
        log.info("%s did not list its models: %s", kind, type(error).__name__)
        log.debug("the reason", exc_info=True)
        answers.put((kind, None))


def _ensure_embedding_model() -> None:
    """One is current afterwards. A later change of EMBEDDING_MODEL alone changes nothing: what is
    already embedded would no longer be found."""
    current = EmbeddingModel.objects.filter(is_current=True).first()
    kind, name, dimensions = _wanted_embedding()
    if current is None:
        EmbeddingModel.objects.update_or_create(
            kind=kind, name=name, dimensions=dimensions, defaults={"is_current": True}
        )
    elif (current.kind, current.name, current.dimensions) != (kind, name, dimensions):
        log.warning("EMBEDDING_MODEL says %s, but documents are embedded with %s.", name, current)


def _wanted_embedding() -> tuple[str, str, int]:
    """EMBEDDING_MODEL as (kind, name, dimensions): ``kind:name`` or ``kind:name:dimensions``."""
    given = settings.EMBEDDING_MODEL
    if not given or given in (LOCAL_EMBEDDING[1], f"sentence-transformers/{LOCAL_EMBEDDING[1]}"):
        return LOCAL_EMBEDDING
    kind, _, rest = given.partition(":")
    name, _, size = rest.rpartition(":") if rest.rpartition(":")[2].isdigit() else (rest, "", "")
    dimensions = int(size or EMBEDDING_SIZES.get(name.partition(":")[0], 0))
    if kind not in EMBEDDERS or not dimensions:
        log.warning("EMBEDDING_MODEL=%s is not kind:name:dimensions; the local one is used.", given)
        return LOCAL_EMBEDDING
    if kind not in configured_kinds():
        log.warning("EMBEDDING_MODEL=%s needs a key; the local one is used.", given)
        return LOCAL_EMBEDDING
    return kind, name, dimensions
