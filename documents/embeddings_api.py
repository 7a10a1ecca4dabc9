"""DRF's door to embedding models: for administrators."""

from typing import Any

from django.urls import path
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.http import skip_limit
from core.serializers import StrictSerializer
from documents import reembed
from documents.models import ReembedJob


class JobSerializer(serializers.ModelSerializer):
    progress = serializers.IntegerField(read_only=True)
    error = serializers.SerializerMethodField()

    class Meta:
        model = ReembedJob
        fields = [
            "id",
            "status",
            "progress",
            "total",
            "done",
            "embedded",
            "seconds_left",
            "error_code",
            "error",
            "objections",
            "approved",
            "retry_at",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields

    def get_error(self, job: ReembedJob) -> str:
        return reembed.error_of(job)


class EmbeddingSerializer(StrictSerializer):
    """`provider` is "local", a provider's id or its kind when sent; the kind when read."""

    provider = serializers.CharField(max_length=100)
    name = serializers.CharField(max_length=200)
    dimensions = serializers.IntegerField(required=False, min_value=1, max_value=16_000)
    query_prefix = serializers.CharField(
        required=False, allow_blank=True, max_length=300, trim_whitespace=False
    )
    document_prefix = serializers.CharField(
        required=False, allow_blank=True, max_length=300, trim_whitespace=False
    )

    def to_representation(self, instance: reembed.Standing) -> dict[str, Any]:
        model = instance.model
        return {
            "id": model.pk,
            "provider": model.kind,
            "provider_id": str(model.provider_id) if model.provider_id else None,
            "name": model.name,
            "dimensions": model.dimensions,
            "query_prefix": model.query_prefix,
            "document_prefix": model.document_prefix,
            "is_current": model.is_current,
            "vectors_count": instance.vectors,
            "passages_count": instance.passages,
            "job": JobSerializer(instance.job).data if instance.job else None,
            "created_at": model.created_at,
        }


class EmbeddingsView(APIView):
    serializer_class = EmbeddingSerializer

    def get(self, request: Request) -> Response:
        found = list(reembed.standings(actor=request.user))
        skip, limit = skip_limit(request)
        rows = EmbeddingSerializer(found[skip : skip + limit], many=True).data
        page = {"page": skip // limit + 1, "page_size": limit}
        return Response({"total": len(found), "embeddings": rows, **page})

    def post(self, request: Request) -> Response:
        """Embeds one text with the model before it is registered."""
        reembed.require_admin(request.user)
        form = EmbeddingSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        model, is_new = reembed.register(actor=request.user, **form.validated_data)
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(_answer(request, model.pk), status=code)


class EmbeddingView(APIView):
    serializer_class = EmbeddingSerializer

    def get(self, request: Request, embedding_id: int) -> Response:
        return Response(_answer(request, embedding_id))

    def delete(self, request: Request, embedding_id: int) -> Response:
        """With its vectors, in the background."""
        reembed.remove(actor=request.user, model_id=embedding_id)
        return Response(status=status.HTTP_202_ACCEPTED)


class UseView(APIView):
    serializer_class = EmbeddingSerializer

    def post(self, request: Request, embedding_id: int) -> Response:
        """Prepare this model for everything there is, then search with it."""
        reembed.use(actor=request.user, model_id=embedding_id)
        return Response(_answer(request, embedding_id), status=status.HTTP_202_ACCEPTED)


class CancelView(APIView):
    serializer_class = EmbeddingSerializer

    def post(self, request: Request, embedding_id: int) -> Response:
        reembed.cancel(actor=request.user, model_id=embedding_id)
        return Response(_answer(request, embedding_id))


class ApproveView(APIView):
    serializer_class = EmbeddingSerializer

    def post(self, request: Request, embedding_id: int) -> Response:
        """Change to it although the evaluation says that searches get worse."""
        reembed.approve(actor=request.user, model_id=embedding_id)
        return Response(_answer(request, embedding_id))


def _answer(request: Request, model_id: int) -> dict[str, Any]:
    found = reembed.standing(actor=request.user, model_id=model_id)
    answer: dict[str, Any] = EmbeddingSerializer(found).data
    return answer


urlpatterns = [
    path("embeddings", EmbeddingsView.as_view(), name="embeddings"),
    path("embeddings/<int:embedding_id>", EmbeddingView.as_view(), name="embedding"),
    path("embeddings/<int:embedding_id>/use", UseView.as_view(), name="embedding_use"),
    path("embeddings/<int:embedding_id>/approve", ApproveView.as_view(), name="embedding_approve"),
    path("embeddings/<int:embedding_id>/cancel", CancelView.as_view(), name="embedding_cancel"),
]
