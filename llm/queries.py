"""The read side of the registry."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from llm.credentials import configured_kinds
from llm.models import EmbeddingModel, LanguageModel, Provider


def usable_models() -> QuerySet[LanguageModel]:
    """What can be asked right now, in the order shown; the built-in answerer comes last.

    A model whose key has left the environment is not among them, and is again when it is back.
    """
    reachable = Q(provider__kind__in=configured_kinds()) | ~Q(provider__base_url="")
    return LanguageModel.objects.select_related("provider").filter(
        reachable, is_active=True, is_offered=True, provider__is_active=True
    )


def default_model() -> LanguageModel:
    """The first usable model. There is always one: the built-in answerer needs nothing."""
    model = usable_models().first()
    if model is None:
        raise LanguageModel.DoesNotExist("No model is active: run manage.py sync_registry")
    return model


def listed_models(*, everything: bool) -> QuerySet[LanguageModel]:
    """``everything``: also what cannot be used now, for administrators."""
    if everything:
        return LanguageModel.objects.select_related("provider")
    return usable_models()


def listed_providers() -> QuerySet[Provider]:
    return Provider.objects.all()


def current_embedding_model() -> EmbeddingModel:
    """The model new documents and all questions are embedded with."""
    return EmbeddingModel.objects.get(is_current=True)
