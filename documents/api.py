"""DRF's door to documents and collections."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import generics, serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import Invalid
from core.idempotency import fingerprint, once
from documents import downloads, embeddings_api, queries, services, uploads
from documents.models import Document
from documents.serializers import (
    CollectionSerializer,
    DocumentDetailSerializer,
    DocumentSerializer,
    ListParameters,
    PageParameters,
    PageSerializer,
    StatusSerializer,
    UploadSerializer,
)


class UploadView(APIView):
    """Takes one file as multipart form data and streams it to disk."""

    parser_classes = [MultiPartParser]
    serializer_class = UploadSerializer

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # Before anything looks at the form: the CSRF check of a session does, and would let
        # Django's own handlers take the file.
        request.upload_handlers = [uploads.StreamingUpload(request)]
        made: Request = super().initialize_request(request, *args, **kwargs)
        return made

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        uploads.check_length(request.META.get("CONTENT_LENGTH"))
        super().initial(request, *args, **kwargs)

    def post(self, request: Request, collection_id: UUID | None = None) -> Response:
        form = UploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        target = collection_id or form.validated_data.get("collection_id")
        name = file.name or ""
        answer, _ran = once(
            request.user.id,
            request.headers.get("Idempotency-Key", ""),
            fingerprint("upload", file.incoming.sha256, name, target),
            lambda: self._upload(request, file.incoming, name, target),
        )
        created = answer.pop("is_new")
        return Response(answer, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    def _upload(
        self, request: Request, incoming: Any, name: str, target: UUID | None
    ) -> dict[str, Any]:
        document = services.upload(actor=request.user, file=incoming, name=name, collection=target)
        return {**_plain(DocumentSerializer(document).data), "is_new": document.is_new}


class DocumentsView(generics.ListAPIView):
    serializer_class = DocumentSerializer
    items_name = "files"

    def get_queryset(self) -> Any:
        given = ListParameters(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        found = queries.documents(self.request.user, **given.validated_data)
        return queries.with_chunk_count(found)


class DocumentView(APIView):
    serializer_class = DocumentDetailSerializer

    def get(self, request: Request, document_id: UUID) -> Response:
        document = queries.document(request.user, document_id)
        return Response(DocumentDetailSerializer(document).data)

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


class DownloadView(APIView):
    def get(self, request: Request, document_id: UUID) -> HttpResponseBase:
        document = queries.document(request.user, document_id)
        return downloads.respond(document, request.headers)


class PageView(APIView):
    serializer_class = PageSerializer

    def get(self, request: Request, document_id: UUID, number: int) -> Response:
        given = PageParameters(data=request.query_params)
        given.is_valid(raise_exception=True)
        page = queries.page(request.user, document_id, number, **given.validated_data)
        return Response(PageSerializer(page).data)


class CollectionsView(generics.ListCreateAPIView):
    serializer_class = CollectionSerializer
    items_name = "collections"

    def get_queryset(self) -> Any:
        return queries.collections(self.request.user)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = services.create_collection(
            actor=self.request.user, **serializer.validated_data
        )


class CollectionView(APIView):
    serializer_class = CollectionSerializer

    def get(self, request: Request, collection_id: UUID) -> Response:
        found = queries.collection(request.user, collection_id)
        return Response(CollectionSerializer(found).data)

    def patch(self, request: Request, collection_id: UUID) -> Response:
        form = CollectionSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        if not form.validated_data:
            raise Invalid(_("Send at least one field to change."))
        found = services.update_collection(
            actor=request.user, collection_id=collection_id, **form.validated_data
        )
        return Response(CollectionSerializer(found).data)

    def delete(self, request: Request, collection_id: UUID) -> Response:
        services.delete_collection(actor=request.user, collection_id=collection_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _plain(data: Any) -> dict[str, Any]:
    """Serialised data as JSON values, to be stored with an Idempotency-Key."""
    return {
        name: value if isinstance(value, int | None) else str(value) for name, value in data.items()
    }


urlpatterns = [
    path("files/upload", UploadView.as_view(), name="files_upload"),
    path("files", DocumentsView.as_view(), name="files"),
    path("files/<uuid:document_id>", DocumentView.as_view(), name="file"),
    path("files/<uuid:document_id>/status", StatusView.as_view(), name="file_status"),
    path("files/<uuid:document_id>/reprocess", ActionView.as_view(), name="file_reprocess"),
    path("files/<uuid:document_id>/retry", RetryView.as_view(), name="file_retry"),
    path("files/<uuid:document_id>/download", DownloadView.as_view(), name="file_download"),
    path("files/<uuid:document_id>/pages/<int:number>", PageView.as_view(), name="file_page"),
    path("collections", CollectionsView.as_view(), name="collections"),
    path("collections/<uuid:collection_id>", CollectionView.as_view(), name="collection"),
    path("collections/<uuid:collection_id>/files", UploadView.as_view(), name="collection_files"),
    *embeddings_api.urlpatterns,
]
