"""Models and providers as JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers

from core.serializers import RefusesUnknown
from llm import credentials, health
from llm.models import LanguageModel, Provider, Task


class ModelSerializer(RefusesUnknown, serializers.ModelSerializer[LanguageModel]):
    """``provider`` is a provider's id or kind when it is sent, and the kind when it is read.

    ``status`` (ok, failing, unknown) tells how it answered lately. ``fallbacks`` are ids of models
    in their order, ``task_fallbacks`` such lists by task.
    """

    provider = serializers.CharField(max_length=100)
    api_endpoint = serializers.CharField(
        max_length=500, required=False, allow_blank=True, write_only=True
    )
    display_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    tasks = serializers.ListField(child=serializers.ChoiceField(Task.choices), required=False)
    fallbacks = serializers.ListField(
        child=serializers.UUIDField(), required=False, write_only=True
    )
    task_fallbacks = serializers.DictField(
        child=serializers.ListField(child=serializers.UUIDField()), required=False, write_only=True
    )

    class Meta:
        model = LanguageModel
        fields = [
            "id",
            "name",
            "display_name",
            "provider",
            "api_endpoint",
            "order",
            "is_active",
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
            "price_source",
            "fallbacks",
            "task_fallbacks",
        ]
        read_only_fields = ["price_source"]
        # (provider, name) is checked by the service, where the provider is known.
        validators: list[Any] = []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The lists of fallbacks as the service takes them: ``chains``, by task."""
        chains = dict(attrs.pop("task_fallbacks", {}))
        if "fallbacks" in attrs:
            chains[""] = attrs.pop("fallbacks")
        return {**attrs, "chains": chains}

    def to_representation(self, instance: LanguageModel) -> dict[str, Any]:
        row = super().to_representation(instance)
        user = self.context["request"].user
        row["provider"] = instance.provider.kind
        row["provider_id"] = str(instance.provider_id)
        row["status"] = self._state(instance).status
        row |= _chains(instance)
        if user.is_admin:
            # Addresses inside one's own network are nobody else's business.
            row["api_endpoint"] = credentials.base_url(instance.provider)
            row["is_offered"] = instance.is_offered
        else:
            del row["parameters"]
        return row

    def _state(self, model: LanguageModel) -> health.State:
        """How the model answered lately; one look for all models of a list."""
        root: Any = self.root
        known: dict[UUID, health.State] = getattr(root, "states", {})
        if model.pk not in known:
            listed = root.instance if isinstance(root.instance, list) else [model]
            known = root.states = health.states(listed)
        return known[model.pk]


def _chains(model: LanguageModel) -> dict[str, Any]:
    found: dict[str, list[str]] = {"": []}
    for row in model.fallback_rows.all():  # in the order of their positions
        found.setdefault(row.task, []).append(str(row.fallback_id))
    return {"fallbacks": found.pop(""), "task_fallbacks": found}


class ProviderSerializer(RefusesUnknown, serializers.ModelSerializer[Provider]):
    """The key is never read back: whether there is one, and how it ends, is enough to know it.

    ``api_key``: "" takes the key out; left away it stays, unless the address changes.
    ``api_key_source`` is stored, environment, none, or unreadable (enter it again).
    """

    api_key = serializers.CharField(
        write_only=True, required=False, allow_blank=True, max_length=1000
    )

    class Meta:
        model = Provider
        fields = [
            "id",
            "kind",
            "name",
            "base_url",
            "is_active",
            "order",
            "api_key",
            "checked_at",
            "check_ok",
            "check_sentence",
        ]
        read_only_fields = ["checked_at", "check_ok", "check_sentence"]
        # (kind, base_url) is checked by the service.
        validators: list[Any] = []
        extra_kwargs = {"base_url": {"required": False}, "order": {"required": False}}

    def to_representation(self, instance: Provider) -> dict[str, Any]:
        state = credentials.key_state(instance)
        return super().to_representation(instance) | {
            "base_url": credentials.base_url(instance),
            "api_key_set": state in ("stored", "environment"),
            "api_key_last_four": credentials.key_hint(instance),
            "api_key_source": state,
        }
