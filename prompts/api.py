"""prompts: for admins. Students meet the active one through chat/config."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.drf import IsAdmin
from prompts import queries, services
from prompts.models import Prompt


class PromptSerializer(serializers.ModelSerializer):
    class Meta:
        model = Prompt
        fields = [
            "id",
            "name",
            "description",
            "content",
            "task",
            "persona",
            "mission_objective",
            "is_active",
            "archived_at",
            "created_at",
            "updated_at",
        ]


class PromptsView(generics.ListAPIView):
    permission_classes = [IsAdmin]
    serializer_class = PromptSerializer
    items_name = "prompts"

    def get_queryset(self) -> QuerySet[Prompt]:
        return queries.listed_prompts(self.request.query_params.get("search", ""))

    def post(self, request: Request) -> Response:
        prompt = services.create_prompt(actor=request.user, **_fields(request))
        return Response(PromptSerializer(prompt).data, status=status.HTTP_201_CREATED)


class PromptView(APIView):
    permission_classes = [IsAdmin]

    def get(self, request: Request, prompt_id: UUID) -> Response:
        prompt = services.get_prompt(actor=request.user, prompt_id=prompt_id)
        return Response(PromptSerializer(prompt).data)

    def put(self, request: Request, prompt_id: UUID) -> Response:
        return self._update(request, prompt_id, partial=False)

    def patch(self, request: Request, prompt_id: UUID) -> Response:
        return self._update(request, prompt_id, partial=True)

    def delete(self, request: Request, prompt_id: UUID) -> Response:
        services.delete_prompt(actor=request.user, prompt_id=prompt_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _update(self, request: Request, prompt_id: UUID, *, partial: bool) -> Response:
        fields = _fields(request, partial=partial)
        prompt = services.update_prompt(actor=request.user, prompt_id=prompt_id, **fields)
        return Response(PromptSerializer(prompt).data)


class ActivatePromptView(APIView):
    permission_classes = [IsAdmin]

    def patch(self, request: Request, prompt_id: UUID) -> Response:
        prompt = services.activate_prompt(actor=request.user, prompt_id=prompt_id)
        return Response(PromptSerializer(prompt).data)


def _fields(request: Request, *, partial: bool = False) -> dict[str, Any]:
    serializer = PromptSerializer(data=request.data, partial=partial)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


urlpatterns = [
    path("prompts", PromptsView.as_view(), name="prompts"),
    path("prompts/<uuid:prompt_id>", PromptView.as_view(), name="prompt"),
    path("prompts/<uuid:prompt_id>/activate", ActivatePromptView.as_view(), name="prompt-activate"),
]
