"""DRF's door to questions and answers: for administrators."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import Invalid
from core.parsers import FormParser, JSONParser
from core.serializers import StrictSerializer
from documents.knowledge import csv_in, csv_out, services
from documents.knowledge.serializers import EntryChange, EntrySerializer

MOST_SHOWN = 20


class ListParameters(serializers.Serializer):
    search = serializers.CharField(required=False, max_length=200)
    category = serializers.CharField(required=False, max_length=csv_in.CATEGORY)
    tag = serializers.CharField(required=False, max_length=csv_in.TAG)
    collection_id = serializers.UUIDField(required=False)


class ImportSerializer(StrictSerializer):
    """A file, or its text as `csv`."""

    file = serializers.FileField(required=False, allow_empty_file=True)
    csv = serializers.CharField(required=False, trim_whitespace=False)
    collection_id = serializers.UUIDField(required=False)
    preview = serializers.BooleanField(required=False, default=False)


def _found(request: Request) -> Any:
    given = ListParameters(data=request.query_params)
    given.is_valid(raise_exception=True)
    return services.entries(actor=request.user, **given.validated_data)


class EntriesView(generics.ListAPIView):
    serializer_class = EntrySerializer
    items_name = "knowledge"

    def get_queryset(self) -> Any:
        return _found(self.request)

    def post(self, request: Request) -> Response:
        services.require_admin(request.user)
        form = EntrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = services.add(actor=request.user, **form.validated_data)
        return Response(EntrySerializer(made).data, status=status.HTTP_201_CREATED)


class EntryView(APIView):
    serializer_class = EntrySerializer

    def get(self, request: Request, entry_id: UUID) -> Response:
        found = services.entry(actor=request.user, entry_id=entry_id)
        return Response(EntrySerializer(found).data)

    def patch(self, request: Request, entry_id: UUID) -> Response:
        services.require_admin(request.user)
        form = EntryChange(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        if not form.validated_data:
            raise Invalid(_("Send at least one field to change."))
        found = services.update(actor=request.user, entry_id=entry_id, **form.validated_data)
        return Response(EntrySerializer(found).data)

    def delete(self, request: Request, entry_id: UUID) -> Response:
        services.delete(actor=request.user, entry_id=entry_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ImportView(APIView):
    """POST a CSV table; with `preview` nothing is changed."""

    parser_classes = [JSONParser, FormParser]
    serializer_class = ImportSerializer

    def post(self, request: Request) -> Response:
        services.require_admin(request.user)
        form = ImportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        file = given.get("file")
        done = services.import_csv(
            actor=request.user,
            data=file.read(csv_in.LARGEST + 1) if file else given.get("csv", "").encode(),
            collection_id=given.get("collection_id"),
            preview=given["preview"],
        )
        return Response(told(done, given["preview"]))


def told(done: services.Imported, preview: bool) -> dict[str, Any]:
    return {
        "preview": preview,
        "new": done.new,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "errors": [{"line": bad.line, "message": bad.message} for bad in done.errors],
        "first": [
            {"line": row.line, **{name: getattr(row, name) for name in services.FIELDS}}
            for row in done.rows[:MOST_SHOWN]
        ],
    }


class ExportView(APIView):
    def get(self, request: Request) -> HttpResponse:
        return csv_out.exported(_found(request))


urlpatterns = [
    path("knowledge", EntriesView.as_view(), name="knowledge"),
    path("knowledge/import", ImportView.as_view(), name="knowledge_import"),
    path("knowledge/export", ExportView.as_view(), name="knowledge_export"),
    path("knowledge/<uuid:entry_id>", EntryView.as_view(), name="knowledge_entry"),
]
