"""DRF's door to collections and their files."""

from typing import Any
from uuid import UUID

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import Invalid
from documents import collections, queries
from documents.asking import reading_as
from documents.collections_serializers import (
    CollectionIn,
    CollectionParameters,
    CollectionSerializer,
    DeleteParameters,
)
from documents.models import Collection
from documents.serializers import DocumentSerializer, FileOnly, ListParameters
from documents.upload_api import UploadView


class CollectionsView(generics.ListAPIView):
    serializer_class = CollectionSerializer
    items_name = "collections"

    def get_queryset(self) -> Any:
        given = CollectionParameters(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        return queries.collections(self.request.user, **given.validated_data)

    def post(self, request: Request) -> Response:
        body = CollectionIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = collections.create_collection(actor=request.user, **body.validated_data)
        return Response(_shown(request, made), status=status.HTTP_201_CREATED)


class CollectionView(APIView):
    serializer_class = CollectionSerializer

    def get(self, request: Request, collection_id: UUID) -> Response:
        return Response(_shown(request, queries.collection(request.user, collection_id)))

    def patch(self, request: Request, collection_id: UUID) -> Response:
        body = CollectionIn(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if not body.validated_data:
            raise Invalid(_("Send at least one field to change."))
        changed = collections.update_collection(
            actor=request.user, collection_id=collection_id, **body.validated_data
        )
        return Response(_shown(request, changed))

    def delete(self, request: Request, collection_id: UUID) -> Response:
        given = DeleteParameters(data=request.query_params)
        given.is_valid(raise_exception=True)
        collections.delete_collection(
            actor=request.user, collection_id=collection_id, **given.validated_data
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class LeaveView(APIView):
    """POST without a body: out of my searches with what somebody shared with me."""

    def post(self, request: Request, collection_id: UUID) -> Response:
        collections.leave_collection(actor=request.user, collection_id=collection_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CollectionFilesView(UploadView, generics.GenericAPIView):
    """Its files; a POST adds one."""

    items_name = "files"
    serializer_class = FileOnly

    def get(self, request: Request, collection_id: UUID) -> Response:
        given = ListParameters(data=request.query_params)
        given.is_valid(raise_exception=True)
        wanted = {**given.validated_data, "collection_id": collection_id}
        with reading_as(request.user):
            found = queries.with_chunk_count(queries.documents(request.user, **wanted))
            page = self.paginate_queryset(found) or []
            return self.get_paginated_response(DocumentSerializer(page, many=True).data)


def _shown(request: Request, collection: Collection) -> Any:
    found = queries.collections(request.user, chats=True).get(pk=collection.pk)
    return CollectionSerializer(found, context={"request": request}).data


urlpatterns = [
    path("collections", CollectionsView.as_view(), name="collections"),
    path("collections/<uuid:collection_id>", CollectionView.as_view(), name="collection"),
    path("collections/<uuid:collection_id>/leave", LeaveView.as_view(), name="collection_leave"),
    path(
        "collections/<uuid:collection_id>/files",
        CollectionFilesView.as_view(),
        name="collection_files",
    ),
]
