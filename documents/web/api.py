"""DRF's door to web sources: for administrators."""

from typing import Any
from uuid import UUID

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import Invalid
from core.serializers import RefusesUnknown
from documents.web import services
from documents.web.models import WebPage, WebSource

MOST_SHOWN = 500


class WebPageSerializer(serializers.ModelSerializer):
    document_id = serializers.UUIDField(read_only=True, allow_null=True)
    title = serializers.CharField(source="document.title", default="", read_only=True)
    description = serializers.CharField(source="document.description", default="", read_only=True)
    status = serializers.CharField(source="document.status", default="", read_only=True)
    fetched_at = serializers.DateTimeField(source="document.fetched_at", default=None)
    error = serializers.CharField(read_only=True)

    class Meta:
        model = WebPage
        fields = [
            "url",
            "document_id",
            "title",
            "description",
            "status",
            "error_code",
            "error",
            "failures",
            "fetched_at",
            "checked_at",
            "gone_at",
        ]
        read_only_fields = fields


@extend_schema_serializer(component_name="WebSource")
class SourceSerializer(RefusesUnknown, serializers.ModelSerializer):
    url = serializers.CharField(max_length=2000)
    domain = serializers.CharField(read_only=True)
    collection_id = serializers.UUIDField(required=False)
    error = serializers.CharField(read_only=True)
    most_pages = serializers.IntegerField(
        required=False, min_value=1, max_value=services.MOST_PAGES
    )
    page_count = serializers.IntegerField(read_only=True)
    failed_count = serializers.IntegerField(read_only=True)
    gone_count = serializers.IntegerField(read_only=True)
    added_by = serializers.UUIDField(source="added_by_id", read_only=True)

    class Meta:
        model = WebSource
        fields = [
            "id",
            "kind",
            "url",
            "domain",
            "collection_id",
            "refresh",
            "most_pages",
            "status",
            "error_code",
            "error",
            "page_count",
            "failed_count",
            "gone_count",
            "checked_at",
            "next_check_at",
            "added_by",
            "created_at",
        ]
        read_only_fields = ["status", "error_code", "checked_at", "next_check_at", "created_at"]
        # Whether the address is there already is told by the service, as one sentence.
        validators: list[Any] = []


@extend_schema_serializer(component_name="WebSourceDetail")
class WholeSerializer(SourceSerializer):
    """With its pages, the first 500."""

    pages = serializers.SerializerMethodField()

    class Meta(SourceSerializer.Meta):
        fields = [*SourceSerializer.Meta.fields, "pages"]

    @extend_schema_field(WebPageSerializer(many=True))
    def get_pages(self, source: WebSource) -> Any:
        pages = source.pages.select_related("document").order_by("id")[:MOST_SHOWN]
        return WebPageSerializer(pages, many=True).data


@extend_schema_serializer(component_name="WebSourceChange")
class ChangeSerializer(RefusesUnknown, serializers.ModelSerializer):
    most_pages = serializers.IntegerField(
        required=False, min_value=1, max_value=services.MOST_PAGES
    )

    class Meta:
        model = WebSource
        fields = ["refresh", "most_pages"]


class ListParameters(serializers.Serializer):
    search = serializers.CharField(required=False, max_length=200)
    status = serializers.ChoiceField(choices=WebSource.Status.values, required=False)
    collection_id = serializers.UUIDField(required=False)


class SourcesView(generics.ListAPIView):
    serializer_class = SourceSerializer
    items_name = "sources"

    def get_queryset(self) -> Any:
        given = ListParameters(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        return services.sources(actor=self.request.user, **given.validated_data)

    def post(self, request: Request) -> Response:
        services.require_admin(request.user)
        form = SourceSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = services.add(actor=request.user, **form.validated_data)
        return Response(SourceSerializer(made).data, status=status.HTTP_201_CREATED)


class SourceView(APIView):
    serializer_class = SourceSerializer

    def get(self, request: Request, source_id: UUID) -> Response:
        found = services.source(actor=request.user, source_id=source_id)
        return Response(WholeSerializer(found).data)

    def patch(self, request: Request, source_id: UUID) -> Response:
        services.require_admin(request.user)
        form = ChangeSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        if not form.validated_data:
            raise Invalid(_("Send at least one field to change."))
        found = services.update(actor=request.user, source_id=source_id, **form.validated_data)
        return Response(SourceSerializer(found).data)

    def delete(self, request: Request, source_id: UUID) -> Response:
        services.delete(actor=request.user, source_id=source_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RefreshView(APIView):
    serializer_class = SourceSerializer

    def post(self, request: Request, source_id: UUID) -> Response:
        found = services.refresh(actor=request.user, source_id=source_id)
        return Response(SourceSerializer(found).data, status=status.HTTP_202_ACCEPTED)


urlpatterns = [
    path("sources/web", SourcesView.as_view(), name="web_sources"),
    path("sources/web/<uuid:source_id>", SourceView.as_view(), name="web_source"),
    path("sources/web/<uuid:source_id>/refresh", RefreshView.as_view(), name="web_source_refresh"),
]
