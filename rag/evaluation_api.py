"""DRF's door to evaluations: sets of questions, their runs, and two runs compared. For admins."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from rest_framework import generics, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.drf import IsAdmin
from accounts.models import User
from core.parsers import FormParser, JSONParser
from core.serializers import StrictSerializer
from llm.models import EmbeddingModel
from rag import tasks
from rag.evaluation import compare, files, sets, work
from rag.models import EvaluationRun, EvaluationSet, Reranker
from rag.search import MAX_TOP_K


class EvaluationUploadSerializer(StrictSerializer):
    """Questions as a file (CSV or JSON lines), or as text in `questions`."""

    name = serializers.CharField(max_length=200, required=False, default="")
    collection_id = serializers.UUIDField()
    file = serializers.FileField(required=False)
    questions = serializers.CharField(required=False, max_length=5_000_000)
    preview = serializers.BooleanField(required=False, default=False)

    @property
    def data_given(self) -> bytes:
        file = self.validated_data.get("file")
        if file is not None:
            return bytes(file.read())
        return str(self.validated_data.get("questions", "")).encode()


class RunSerializer(StrictSerializer):
    top_k = serializers.IntegerField(min_value=1, max_value=MAX_TOP_K, default=10)
    ranking = serializers.ChoiceField(choices=EvaluationRun.Ranking.choices, default="fused")
    reranker_id = serializers.PrimaryKeyRelatedField(
        queryset=Reranker.objects.all(),
        pk_field=serializers.UUIDField(),
        required=False,
        default=None,
    )
    embedding_id = serializers.PrimaryKeyRelatedField(
        queryset=EmbeddingModel.objects.all(), required=False, default=None
    )


class ForAdmins(APIView):
    permission_classes = [IsAuthenticated, IsAdmin]

    @property
    def actor(self) -> User:
        user = self.request.user
        assert isinstance(user, User)  # the permission let nobody else through
        return user


class SetsView(ForAdmins, generics.GenericAPIView[Any]):
    items_name = "evaluations"
    parser_classes = [JSONParser, FormParser]
    serializer_class = EvaluationUploadSerializer

    def get(self, request: Request) -> Response:
        found = EvaluationSet.objects.select_related("collection").prefetch_related("questions")
        page = self.paginate_queryset(found) or []
        return self.get_paginated_response([set_row(row) for row in page])

    def post(self, request: Request) -> Response:
        """Keeps the questions; with preview=true says what would be kept, line by line."""
        form = EvaluationUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = {"actor": self.actor, "collection_id": form.validated_data["collection_id"]}
        data = form.data_given
        if form.validated_data["preview"]:
            sheet = sets.preview(**given, data=data)
            return Response(
                {
                    "questions": [
                        {"question": text, "expected": expected}
                        for text, expected in sheet.questions.items()
                    ],
                    "errors": [{"line": line, "message": text} for line, text in sheet.errors],
                }
            )
        made = sets.create(**given, name=form.validated_data["name"], data=data)
        return Response(set_row(made), status=status.HTTP_201_CREATED)


class SetView(ForAdmins):
    serializer_class = EvaluationUploadSerializer

    def get(self, request: Request, evaluation_id: UUID) -> Response:
        found = sets.get(actor=self.actor, set_id=evaluation_id)
        runs = [run_row(run) for run in found.runs.all()[:100]]
        return Response({**set_row(found), "runs": runs})

    def delete(self, request: Request, evaluation_id: UUID) -> Response:
        sets.get(actor=self.actor, set_id=evaluation_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class RunsView(ForAdmins):
    serializer_class = RunSerializer

    def post(self, request: Request, evaluation_id: UUID) -> Response:
        found = sets.get(actor=self.actor, set_id=evaluation_id)
        form = RunSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        settings = sets.Settings(
            given["top_k"], given["ranking"], given["embedding_id"], given["reranker_id"]
        )
        run = sets.start(actor=self.actor, evaluation_set=found, settings=settings)
        tasks.enqueue(run.pk)
        return Response(run_row(run), status=status.HTTP_202_ACCEPTED)


class RunView(ForAdmins):
    serializer_class = RunSerializer

    def get(self, request: Request, run_id: UUID) -> Response:
        run = sets.run_of(actor=self.actor, run_id=run_id)
        missing = sorted(work.missing_documents(run))
        return Response(
            {**run_row(run), "misses": compare.misses(run), "missing_documents": missing}
        )

    def delete(self, request: Request, run_id: UUID) -> Response:
        """Stops a run that is under way; what it found is kept."""
        sets.cancel(actor=self.actor, run=sets.run_of(actor=self.actor, run_id=run_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResultsView(ForAdmins):
    """A row for each question, as CSV."""

    serializer_class = RunSerializer

    def get(self, request: Request, run_id: UUID) -> HttpResponse:
        return files.results(sets.run_of(actor=self.actor, run_id=run_id))


class ComparisonView(ForAdmins):
    """The second run against the first: is it better, worse, or can nothing be said?"""

    serializer_class = RunSerializer

    def get(self, request: Request, run_id: UUID, other_id: UUID) -> Response:
        first = sets.run_of(actor=self.actor, run_id=run_id)
        second = sets.run_of(actor=self.actor, run_id=other_id)
        found = compare.compare(first, second)
        return Response(
            {
                "first": run_row(first),
                "second": run_row(second),
                "questions": found.count,
                "verdict": found.verdict,
                "sentence": found.sentence,
                "differences": {
                    name: {"mean": d.mean, "low": d.low, "high": d.high}
                    for name, d in found.differences.items()
                },
            }
        )


def set_row(found: EvaluationSet) -> dict[str, Any]:
    return {
        "id": str(found.pk),
        "name": found.name,
        "collection_id": str(found.collection_id),
        "questions_count": len(found.questions.all()),
        "created_at": found.created_at.isoformat(),
    }


def run_row(run: EvaluationRun) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "evaluation_id": str(run.evaluation_set_id),
        "settings": {
            "top_k": run.top_k,
            "ranking": run.ranking,
            "embedding_id": run.embedding_model_id,
            "embedding_model": run.embedding_name,
            "reranker": run.reranker_name,
        },
        "purpose": run.purpose,
        "status": run.status,
        "total": run.total,
        "done": run.done,
        "error_code": run.error_code,
        "measures": {
            name: {"mean": mean, "low": low, "high": high}
            for name, (mean, low, high) in run.summary.items()
        },
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


urlpatterns = [
    path("evaluations", SetsView.as_view(), name="evaluations"),
    path("evaluations/<uuid:evaluation_id>", SetView.as_view(), name="evaluation"),
    path("evaluations/<uuid:evaluation_id>/runs", RunsView.as_view(), name="evaluation_runs"),
    path("evaluations/runs/<uuid:run_id>", RunView.as_view(), name="evaluation_run"),
    path(
        "evaluations/runs/<uuid:run_id>/results", ResultsView.as_view(), name="evaluation_results"
    ),
    path(
        "evaluations/runs/<uuid:run_id>/against/<uuid:other_id>",
        ComparisonView.as_view(),
        name="evaluation_comparison",
    ),
]
