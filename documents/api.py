"""DRF's door to documents."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import path
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents import (
    collections_api,
    downloads,
    embeddings_api,
    page_search,
    queries,
    quota,
    services,
)
from documents.asking import reading_as
from documents.knowledge import api as knowledge_api
from documents.models import Document
from documents.serializers import (
    DocumentDetailSerializer,
    DocumentSerializer,
    FindParameters,
    ListParameters,
    MoveSerializer,
    PageParameters,
    PageSerializer,
    PlacesSerializer,
    QuotaSerializer,
    StatusSerializer,
)
from documents.upload_api import UploadView
from documents.web import api as web_api


class DocumentsView(generics.ListAPIView):
    serializer_class = DocumentSerializer
    items_name = "files"

    def get_queryset(self) -> Any:
        given = ListParameters(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        found = queries.documents(self.request.user, **given.validated_data)
        return queries.with_chunk_count(found)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with reading_as(request.user):
            return super().list(request, *args, **kwargs)


class DocumentView(APIView):
    serializer_class = DocumentDetailSerializer

    def get(self, request: Request, document_id: UUID) -> Response:
        with reading_as(request.user):
            document = queries.document(request.user, document_id)
            return Response(DocumentDetailSerializer(document).data)

    def patch(self, request: Request, document_id: UUID) -> Response:
        body = MoveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        moved = services.move(actor=request.user, document_id=document_id, **body.validated_data)
        return Response(DocumentSerializer(moved).data)

    def delete(self, request: Request, document_id: UUID) -> Response:
        services.delete(actor=request.user, document_id=document_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatusView(APIView):
    serializer_class = StatusSerializer

    def patch(self, request: Request, document_id: UUID) -> Response:
        form = StatusSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data["status"]
        document = services.set_status(actor=request.user, document_id=document_id, status=wanted)
        return Response(DocumentSerializer(document).data)


class ActionView(APIView):
    """POST without a body: one service, the document as the answer."""

    serializer_class = DocumentSerializer
    action: Callable[..., Document] = services.reprocess

    def post(self, request: Request, document_id: UUID) -> Response:
        document = type(self).action(actor=request.user, document_id=document_id)
        return Response(DocumentSerializer(document).data, status=status.HTTP_202_ACCEPTED)


class RetryView(ActionView):
    action = services.retry


class CancelView(ActionView):
    action = services.cancel


class QuotaView(APIView):
    serializer_class = QuotaSerializer

    def get(self, request: Request) -> Response:
        return Response(QuotaSerializer(quota.of(request.user)).data)


class DownloadView(APIView):
    def get(self, request: Request, document_id: UUID) -> HttpResponseBase:
        document = queries.document(request.user, document_id)
        return downloads.respond(document, request.headers)

    def head(self, request: Request, document_id: UUID) -> HttpResponseBase:
        """What GET would say, without opening the file."""
        document = queries.document(request.user, document_id)
        return downloads.respond(document, request.headers, body=False)


class PageView(APIView):
    serializer_class = PageSerializer

    def get(self, request: Request, document_id: UUID, number: int) -> Response:
        given = PageParameters(data=request.query_params)
        given.is_valid(raise_exception=True)
        with reading_as(request.user):
            page = queries.page(request.user, document_id, number, **given.validated_data)
        return Response(PageSerializer(page).data)


class FindView(APIView):
    """Find in the document: at most 500 places, in reading order."""

    serializer_class = PlacesSerializer

    def get(self, request: Request, document_id: UUID) -> Response:
        # Before the words: to whom it is not there, nothing is wrong with them.
        queries.document(request.user, document_id)
        given = FindParameters(data=request.query_params)
        given.is_valid(raise_exception=True)
        query = given.validated_data["q"]
        found = page_search.find(request.user, document_id, query)
        body = {
            "query": query,
            "total": len(found.places),
            "truncated": found.truncated,
            "matches": found.places,
        }
        return Response(PlacesSerializer(body).data)


urlpatterns = [
    path("files/upload", UploadView.as_view(), name="files_upload"),
    path("files/quota", QuotaView.as_view(), name="files_quota"),
    path("files", DocumentsView.as_view(), name="files"),
    path("files/<uuid:document_id>", DocumentView.as_view(), name="file"),
    path("files/<uuid:document_id>/status", StatusView.as_view(), name="file_status"),
    path("files/<uuid:document_id>/reprocess", ActionView.as_view(), name="file_reprocess"),
    path("files/<uuid:document_id>/retry", RetryView.as_view(), name="file_retry"),
    path("files/<uuid:document_id>/cancel", CancelView.as_view(), name="file_cancel"),
    path("files/<uuid:document_id>/download", DownloadView.as_view(), name="file_download"),
    path("files/<uuid:document_id>/pages/<int:number>", PageView.as_view(), name="file_page"),
    path("files/<uuid:document_id>/search", FindView.as_view(), name="file_search"),
    *collections_api.urlpatterns,
    *embeddings_api.urlpatterns,
    *web_api.urlpatterns,
    *knowledge_api.urlpatterns,
]
