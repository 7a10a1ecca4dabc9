"""keys: my own API keys. A key itself opens none of these doors."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import api_keys
from accounts.models import ApiKey, no_control_characters
from accounts.scopes import Scope
from core.serializers import StrictSerializer

LONGEST_DAYS = 3650


class KeySerializer(serializers.ModelSerializer):
    class Meta:
        model = ApiKey
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "used_at"]


class NewKeySerializer(StrictSerializer):
    name = serializers.CharField(max_length=100, validators=[no_control_characters])
    scopes = serializers.ListField(
        child=serializers.ChoiceField(Scope.choices),
        required=False,
        allow_empty=False,
        max_length=4,
    )
    expires_in_days = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LONGEST_DAYS
    )


class KeysView(generics.ListAPIView):
    serializer_class = KeySerializer
    items_name = "keys"

    def get_queryset(self) -> QuerySet[ApiKey]:
        return api_keys.listed(self.request.user)

    def post(self, request: Request) -> Response:
        """201 with `key`: the only time it is shown."""
        fields = NewKeySerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        given: dict[str, Any] = fields.validated_data
        days = given.get("expires_in_days")
        key, raw = api_keys.make_key(
            actor=request.user,
            name=given["name"],
            scopes=given.get("scopes", ()),
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        )
        return Response({**KeySerializer(key).data, "key": raw}, status=status.HTTP_201_CREATED)


class KeyView(APIView):
    def delete(self, request: Request, key_id: UUID) -> Response:
        api_keys.revoke(actor=request.user, key_id=key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("keys", KeysView.as_view(), name="keys"),
    path("keys/<uuid:key_id>", KeyView.as_view(), name="key"),
]
