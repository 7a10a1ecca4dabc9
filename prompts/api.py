"""prompts: for admins. Students meet the active one through chat/config."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.drf import IsAdmin
from core.serializers import RefusesUnknown, StrictSerializer
from prompts import queries, services, versions
from prompts.models import TEXT_LIMIT, WRITTEN, Prompt, PromptVersion


class PromptSerializer(RefusesUnknown, serializers.ModelSerializer):
    """`version`, when it is sent, is the one that was read: another one meanwhile is 409."""

    version = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

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
            "version",
            "archived_at",
            "created_at",
            "updated_at",
        ]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        if not hasattr(instance, "version"):  # not from a list, which has it
            newest = versions.latest(instance)
            instance.version = newest.number if newest else 0
        return super().to_representation(instance)


class NewPromptSerializer(PromptSerializer):
    version = serializers.IntegerField(read_only=True)


class VersionSerializer(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.full_name", default=None, allow_null=True)

    class Meta:
        model = PromptVersion
        fields = ["number", *WRITTEN, "restored", "created_by", "created_at"]


class PreviewSerializer(StrictSerializer):
    student_name = serializers.CharField(required=False, max_length=120)
    course = serializers.CharField(required=False, max_length=120)
    language = serializers.CharField(required=False, max_length=120)
    # Texts to look at before they are saved.
    content = serializers.CharField(required=False, max_length=TEXT_LIMIT)
    task = serializers.CharField(required=False, max_length=TEXT_LIMIT, allow_blank=True)
    persona = serializers.CharField(required=False, max_length=TEXT_LIMIT, allow_blank=True)
    mission_objective = serializers.CharField(
        required=False, max_length=TEXT_LIMIT, allow_blank=True
    )


class PromptsView(generics.ListAPIView):
    permission_classes = [IsAdmin]
    serializer_class = PromptSerializer
    items_name = "prompts"

    def get_queryset(self) -> QuerySet[Prompt]:
        return queries.listed_prompts(self.request.query_params.get("search", ""))

    def post(self, request: Request) -> Response:
        fields = NewPromptSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        prompt = services.create_prompt(actor=request.user, **fields.validated_data)
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


class VersionsView(generics.ListAPIView):
    permission_classes = [IsAdmin]
    serializer_class = VersionSerializer
    items_name = "versions"

    def get_queryset(self) -> QuerySet[PromptVersion]:
        return versions.listed(actor=self.request.user, prompt_id=self.kwargs["prompt_id"])


class VersionView(APIView):
    permission_classes = [IsAdmin]

    def get(self, request: Request, prompt_id: UUID, number: int) -> Response:
        version = versions.one(actor=request.user, prompt_id=prompt_id, number=number)
        return Response(VersionSerializer(version).data)


class DifferencesView(APIView):
    """GET ?against=n: what this version says otherwise than version n (the one before it)."""

    permission_classes = [IsAdmin]

    def get(self, request: Request, prompt_id: UUID, number: int) -> Response:
        against = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
        given = request.query_params.get("against")
        other = against.run_validation(given) if given is not None else max(1, number - 1)
        new = versions.one(actor=request.user, prompt_id=prompt_id, number=number)
        old = versions.one(actor=request.user, prompt_id=prompt_id, number=other)
        fields = [
            {"field": name, "parts": [{"kind": part.kind, "text": part.text} for part in parts]}
            for name, parts in versions.differences(old, new).items()
        ]
        return Response({"number": number, "against": other, "fields": fields})


class RestoreView(APIView):
    permission_classes = [IsAdmin]

    def post(self, request: Request, prompt_id: UUID, number: int) -> Response:
        prompt = versions.restore(actor=request.user, prompt_id=prompt_id, number=number)
        return Response(PromptSerializer(prompt).data)


class PreviewView(APIView):
    """What a student's model is told, with the names in braces filled in."""

    permission_classes = [IsAdmin]

    def post(self, request: Request, prompt_id: UUID) -> Response:
        values = PreviewSerializer(data=request.data)
        values.is_valid(raise_exception=True)
        shown = services.preview(
            actor=request.user, prompt_id=prompt_id, values=values.validated_data
        )
        return Response(asdict(shown))


def _fields(request: Request, *, partial: bool) -> dict[str, Any]:
    whole = {"takes_back": not partial}
    serializer = PromptSerializer(data=request.data, partial=partial, context=whole)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


VERSION = "prompts/<uuid:prompt_id>/versions/<int:number>"

urlpatterns = [
    path("prompts", PromptsView.as_view(), name="prompts"),
    path("prompts/<uuid:prompt_id>", PromptView.as_view(), name="prompt"),
    path("prompts/<uuid:prompt_id>/activate", ActivatePromptView.as_view(), name="prompt-activate"),
    path("prompts/<uuid:prompt_id>/preview", PreviewView.as_view(), name="prompt-preview"),
    path("prompts/<uuid:prompt_id>/versions", VersionsView.as_view(), name="prompt-versions"),
    path(VERSION, VersionView.as_view(), name="prompt-version"),
    path(f"{VERSION}/diff", DifferencesView.as_view(), name="prompt-version-diff"),
    path(f"{VERSION}/restore", RestoreView.as_view(), name="prompt-version-restore"),
]
