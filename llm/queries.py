"""The read side of the registry."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from core import sealing
from llm.credentials import configured_kinds
from llm.models import EmbeddingModel, Fallback, LanguageModel, ModelCall, Provider
from llm.registry import TAKES, WARM


def usable_models() -> QuerySet[LanguageModel]:
    """What can be asked right now, in the order shown; the built-in answerer comes last.

    A model whose key has left the environment is not among them, and is again when it is back.
    """
    return LanguageModel.objects.select_related("provider").filter(
        provider__in=reachable_providers(), is_active=True, is_offered=True
    )


def calls_since(user_id: UUID, kind: str, moment: datetime) -> int:
    """How many models were asked for this since then, outside any chat, at this person's cost."""
    calls = ModelCall.objects.filter(user_id=user_id, created_at__gte=moment)
    return calls.filter(kind=kind, session_id=None).count()


def reachable_providers() -> QuerySet[Provider]:
    """Active, and with all that a request needs: a key that can be read, or no need of one."""
    without_own = Q(api_key_encrypted="") & (Q(kind__in=configured_kinds()) | ~Q(base_url=""))
    return Provider.objects.filter(
        without_own | sealing.opens("api_key_encrypted"), is_active=True
    ).order_by()


def fallback_chain(model: LanguageModel, task: str = "") -> list[LanguageModel]:
    """Whom to ask, in this order, when ``model`` fails; only what can be asked right now.

    First the model's fallbacks for the task, then those for any question, of which the ones good
    at the task come first. A fallback's own fallbacks are not followed: an administrator sees the
    whole chain in one place, and a circle harms nobody. One query; the providers are loaded.
    """
    rows = (
        Fallback.objects.filter(model=model, task__in={"", task}, fallback__in=usable_models())
        .select_related("fallback__provider")
        .order_by("position")
    )
    ranked = sorted(rows, key=lambda row: (row.task != task, task not in row.fallback.tasks))
    return list({row.fallback_id: row.fallback for row in ranked}.values())


def takes(model: LanguageModel) -> frozenset[str]:
    """What can be wished of its answers (``llm.registry.TAKES``), and "tools" of the asker's own.

    ``model.provider`` must be loaded.
    """
    kind = model.provider.kind
    found = set(TAKES[kind])
    if not model.parameters.get("temperature", kind in WARM):
        found -= {"temperature", "top_p"}
    if model.supports_tools and kind != Provider.Kind.BUILTIN:
        found.add("tools")
    return frozenset(found)


def default_model() -> LanguageModel:
    """The first usable model. There is always one: the built-in answerer needs nothing."""
    model = usable_models().first()
    if model is None:
        raise LanguageModel.DoesNotExist("No model is active: run manage.py sync_registry")
    return model


def listed_models(*, everything: bool) -> QuerySet[LanguageModel]:
    """``everything``: also what cannot be used now, for administrators."""
    found = LanguageModel.objects.select_related("provider") if everything else usable_models()
    return found.prefetch_related("fallback_rows")


def listed_providers() -> QuerySet[Provider]:
    return Provider.objects.all()


def current_embedding_model() -> EmbeddingModel:
    """The model new documents and all questions are embedded with."""
    return EmbeddingModel.objects.select_related("provider").get(is_current=True)
