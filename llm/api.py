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

from llm import queries, services
from llm.metering.api import urlpatterns as usage_urls
from llm.models import LanguageModel, Provider
from llm.serializers import ModelSerializer, ProviderSerializer


class IsAdmin(permissions.BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return bool(request.user.is_authenticated and request.user.is_admin)


class IsAdminOrReads(permissions.BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        if not request.user.is_authenticated:
            return False
        return request.method in permissions.SAFE_METHODS or bool(request.user.is_admin)


class ModelsView(generics.ListAPIView[LanguageModel]):
    permission_classes = [IsAdminOrReads]
    serializer_class = ModelSerializer
    items_name = "models"

    def get_queryset(self) -> QuerySet[LanguageModel]:
        return queries.listed_models(everything=_actor(self.request).is_admin)

    def post(self, request: Request) -> Response:
        model = services.create_model(actor=_actor(request), **_fields(ModelSerializer, request))
        return _answer(ModelSerializer, model, request, status.HTTP_201_CREATED)


class ModelView(APIView):
    permission_classes = [IsAdminOrReads]

    def get(self, request: Request, model_id: UUID) -> Response:
        model = services.get_model(actor=_actor(request), model_id=model_id)
        return _answer(ModelSerializer, model, request)

    def patch(self, request: Request, model_id: UUID) -> Response:
        fields = _fields(ModelSerializer, request, partial=True)
        model = services.update_model(actor=_actor(request), model_id=model_id, **fields)
        return _answer(ModelSerializer, model, request)

    def delete(self, request: Request, model_id: UUID) -> Response:
        services.delete_model(actor=_actor(request), model_id=model_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProvidersView(generics.ListAPIView[Provider]):
    permission_classes = [IsAdmin]
    serializer_class = ProviderSerializer
    items_name = "providers"

    def get_queryset(self) -> QuerySet[Provider]:
        return queries.listed_providers()

    def post(self, request: Request) -> Response:
        fields = _fields(ProviderSerializer, request)
        provider = services.create_provider(actor=_actor(request), **fields)
        return _answer(ProviderSerializer, provider, request, status.HTTP_201_CREATED)


class ProviderView(APIView):
    permission_classes = [IsAdmin]

    def get(self, request: Request, provider_id: UUID) -> Response:
        provider = services.get_provider(actor=_actor(request), provider_id=provider_id)
        return _answer(ProviderSerializer, provider, request)

    def patch(self, request: Request, provider_id: UUID) -> Response:
        fields = _fields(ProviderSerializer, request, partial=True)
        actor = _actor(request)
        provider = services.update_provider(actor=actor, provider_id=provider_id, **fields)
        return _answer(ProviderSerializer, provider, request)

    def delete(self, request: Request, provider_id: UUID) -> Response:
        services.delete_provider(actor=_actor(request), provider_id=provider_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CheckView(APIView):
    """{ok, code, sentence, models, checked_at}: asked live; what is wrong is in the answer."""

    permission_classes = [IsAdmin]

    def post(self, request: Request, provider_id: UUID) -> Response:
        found = services.check_provider(actor=_actor(request), provider_id=provider_id)
        return Response(
            {
                "ok": found.ok,
                "code": found.code,
                "sentence": found.sentence,
                "models": found.models,
                "checked_at": found.at,
            }
        )


class FetchModelsView(APIView):
    """{listed, added, offered, gone}: numbers of models."""

    permission_classes = [IsAdmin]

    def post(self, request: Request, provider_id: UUID) -> Response:
        done = services.fetch_models(actor=_actor(request), provider_id=provider_id)
        return Response(
            {
                "listed": done.listed,
                "added": done.added,
                "offered": done.offered,
                "gone": done.gone,
            }
        )


def _actor(request: Request) -> services.Actor:
    """Whoever asks; the permission classes have turned nobody away."""
    return cast("services.Actor", request.user)


def _fields(
    kind: type[serializers.BaseSerializer[Any]], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    serializer = kind(data=request.data, partial=partial, context={"request": request})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _answer(
    kind: type[serializers.BaseSerializer[Any]], row: Any, request: Request, code: int = 200
) -> Response:
    return Response(kind(row, context={"request": request}).data, status=code)


_PROVIDER = "providers/<uuid:provider_id>"
urlpatterns = [
    path("models", ModelsView.as_view(), name="api-models"),
    path("models/<uuid:model_id>", ModelView.as_view(), name="api-model"),
    path("providers", ProvidersView.as_view(), name="api-providers"),
    path(_PROVIDER, ProviderView.as_view(), name="api-provider"),
    path(f"{_PROVIDER}/check", CheckView.as_view(), name="api-provider-check"),
    path(f"{_PROVIDER}/fetch-models", FetchModelsView.as_view(), name="api-provider-fetch-models"),
    *usage_urls,
]
