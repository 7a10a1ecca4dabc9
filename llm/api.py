"""models: for everybody signed in, changed by admins. providers: for admins."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from rest_framework import generics, permissions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from llm import credentials, queries, services
from llm.models import LanguageModel, Provider


class IsAdmin(permissions.BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return bool(request.user.is_authenticated and request.user.is_admin)


class IsAdminOrReads(permissions.BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        if not request.user.is_authenticated:
            return False
        return request.method in permissions.SAFE_METHODS or bool(request.user.is_admin)


class ModelSerializer(serializers.ModelSerializer[LanguageModel]):
    """``provider`` is a provider's id or kind when it is sent, and the kind when it is read."""

    provider = serializers.CharField(max_length=100)
    api_endpoint = serializers.CharField(
        max_length=500, required=False, allow_blank=True, write_only=True
    )
    display_name = serializers.CharField(max_length=200, required=False, allow_blank=True)

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
            "parameters",
            "input_price",
            "output_price",
        ]
        # (provider, name) is checked by the service, where the provider is known.
        validators: list[Any] = []

    def to_representation(self, instance: LanguageModel) -> dict[str, Any]:
        row = super().to_representation(instance)
        user = self.context["request"].user
        row["provider"] = instance.provider.kind
        row["provider_id"] = str(instance.provider_id)
        if user.is_admin:
            # Addresses inside one's own network are nobody else's business.
            row["api_endpoint"] = credentials.base_url(instance.provider)
            row["is_offered"] = instance.is_offered
        else:
            del row["parameters"]
        return row


class ModelsView(generics.ListAPIView[LanguageModel]):
    permission_classes = [IsAdminOrReads]
    serializer_class = ModelSerializer
    items_name = "models"

    def get_queryset(self) -> QuerySet[LanguageModel]:
        return queries.listed_models(everything=_actor(self.request).is_admin)

    def post(self, request: Request) -> Response:
        model = services.create_model(actor=_actor(request), **_fields(request))
        body = ModelSerializer(model, context={"request": request}).data
        return Response(body, status=status.HTTP_201_CREATED)


class ModelView(APIView):
    permission_classes = [IsAdminOrReads]

    def get(self, request: Request, model_id: UUID) -> Response:
        model = services.get_model(actor=_actor(request), model_id=model_id)
        return Response(ModelSerializer(model, context={"request": request}).data)

    def patch(self, request: Request, model_id: UUID) -> Response:
        fields = _fields(request, partial=True)
        model = services.update_model(actor=_actor(request), model_id=model_id, **fields)
        return Response(ModelSerializer(model, context={"request": request}).data)

    def delete(self, request: Request, model_id: UUID) -> Response:
        services.delete_model(actor=_actor(request), model_id=model_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    """The key is never read back: whether there is one, and how it ends, is enough to know it."""

    base_url = serializers.SerializerMethodField()
    api_key_set = serializers.SerializerMethodField()
    api_key_last_four = serializers.SerializerMethodField()

    class Meta:
        model = Provider
        fields = [
            "id",
            "kind",
            "name",
            "base_url",
            "is_active",
            "order",
            "api_key_set",
            "api_key_last_four",
        ]

    def get_base_url(self, provider: Provider) -> str:
        return credentials.base_url(provider)

    def get_api_key_set(self, provider: Provider) -> bool:
        return bool(credentials.provider_key(provider))

    def get_api_key_last_four(self, provider: Provider) -> str:
        key = credentials.provider_key(provider)
        return key[-4:] if len(key) >= 16 else ""


class ProvidersView(generics.ListAPIView[Provider]):
    permission_classes = [IsAdmin]
    serializer_class = ProviderSerializer
    items_name = "providers"

    def get_queryset(self) -> QuerySet[Provider]:
        return queries.listed_providers()


def _actor(request: Request) -> services.Actor:
    """Whoever asks; the permission classes have turned nobody away."""
    return cast("services.Actor", request.user)


def _fields(request: Request, *, partial: bool = False) -> dict[str, Any]:
    serializer = ModelSerializer(data=request.data, partial=partial, context={"request": request})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


urlpatterns = [
    path("models", ModelsView.as_view(), name="api-models"),
    path("models/<uuid:model_id>", ModelView.as_view(), name="api-model"),
    path("providers", ProvidersView.as_view(), name="api-providers"),
]
