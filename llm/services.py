"""The write side of the registry, and the way from a row to something that answers or embeds."""

from __future__ import annotations

import functools

from django.conf import settings
from django.utils.module_loading import import_string

from llm.base import Abilities, Batching, ChatModel, Embedder, Endpoint, Reranker
from llm.credentials import endpoint
from llm.embeddings import factory
from llm.embeddings.registration import (
    WantedEmbedding,
    inspect_embedding_model,
    make_current,
    register_embedding_model,
    trouble_sentence,
)
from llm.embeddings.waiting import begin, wait_for
from llm.manage_models import (
    create_model,
    delete_model,
    found_without_tools,
    get_model,
    save_model,
    update_model,
)
from llm.manage_providers import (
    Checked,
    check_provider,
    create_provider,
    delete_provider,
    fetch_models,
    get_provider,
    save_provider,
    update_provider,
)
from llm.metering import budgets
from llm.metering.caller import Caller
from llm.metering.metered import Metered, MeteredEmbedder
from llm.metering.reranks import MeteredReranker
from llm.metering.sentences import budget_error
from llm.models import EmbeddingModel, LanguageModel, Provider
from llm.registry import CHAT, RERANKER, WARM
from llm.resilience import Resilient
from llm.rules import Actor
from llm.sync import Fetched, sync_registry

__all__ = [
    "Actor",
    "Batching",
    "Caller",
    "Checked",
    "Fetched",
    "WantedEmbedding",
    "batching",
    "begin",
    "chat_model",
    "check_provider",
    "create_model",
    "create_provider",
    "delete_model",
    "delete_provider",
    "embedder",
    "fetch_models",
    "found_without_tools",
    "get_model",
    "get_provider",
    "inspect_embedding_model",
    "make_current",
    "register_embedding_model",
    "require_budget_to_embed",
    "reranker",
    "save_model",
    "save_provider",
    "sync_registry",
    "trouble_sentence",
    "update_model",
    "update_provider",
    "wait_for",
]


def chat_model(model: LanguageModel, caller: Caller | None = None) -> ChatModel:
    """Something to stream from. ``model.provider`` must be loaded: this makes no query.

    With a ``caller`` its calls are paid from budgets and written down (see ``llm.metering``).
    """
    return _bare(model) if caller is None else Metered(model, caller, _bare)


def embedder(model: EmbeddingModel, caller: Caller | None = None) -> Embedder:
    """Something to embed with; ``model.provider`` must be loaded where there is one.

    Calls that leave this machine are written down, as nobody's when there is no ``caller``.
    """
    where = factory.endpoint_of(model)
    found = factory.embedder(model)
    if where is None:
        return found
    payer = caller or Caller(kind="embedding")
    return MeteredEmbedder(found, model, payer, where.base_url)


def require_budget_to_embed(model: EmbeddingModel, caller: Caller) -> None:
    """For who embeds what they like: raises LLMError ``budget`` once a budget is used up."""
    if factory.endpoint_of(model) is None or caller.user_id is None:
        return
    try:
        budgets.require_left(caller.user_id)
    except budgets.Spent as spent:
        raise budget_error(spent) from spent


def reranker(provider: Provider, name: str, caller: Caller) -> Reranker:
    """A service that tells how well texts answer a query, at this provider's address."""
    return MeteredReranker(_reranker(endpoint(provider), name), provider.name, name, caller)


@functools.lru_cache(maxsize=8)
def _reranker(where: Endpoint, name: str) -> Reranker:
    made: Reranker = import_string(RERANKER)(where, name)
    return made


def batching(embedder: Embedder) -> Batching:
    """How documents are handed to an embedder that was asked nothing about it."""
    found: Batching = getattr(embedder, "batching", Batching())
    return found


def _bare(model: LanguageModel) -> ChatModel:
    adapter = import_string(CHAT[model.provider.kind])
    abilities = Abilities(
        tools=model.supports_tools,
        vision=model.supports_vision,
        max_output_tokens=model.max_output_tokens,
        parameters={"temperature": model.provider.kind in WARM, **model.parameters},
    )
    usual = settings.LLM_FIRST_TOKEN_SECONDS
    first = float(model.parameters.get("first_event_seconds", usual))
    return Resilient(
        adapter(endpoint(model.provider), abilities),
        first_event=first,
        silence=settings.LLM_SILENCE_SECONDS,
        # A model that is known to think for long has that time on top.
        total=settings.LLM_TOTAL_SECONDS + max(first - usual, 0),
    )
