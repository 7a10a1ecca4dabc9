"""DRF's door for files on their way in."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from rest_framework import status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import limits
from accounts.addresses import address
from core.idempotency import fingerprint, once
from core.parsers import FormParser
from documents import quota, services, uploads
from documents.serializers import DocumentSerializer, UploadSerializer


class UploadView(APIView):
    """Takes one file as multipart form data and streams it to disk."""

    parser_classes = [FormParser]
    serializer_class = UploadSerializer
    handler: type[uploads.StreamingUpload] = uploads.StreamingUpload

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # Before anything looks at the form: the CSRF check of a session does, and would let
        # Django's own handlers take the file.
        self.arriving = self.handler(request)
        request.upload_handlers = [self.arriving]
        made: Request = super().initialize_request(request, *args, **kwargs)
        return made

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.arriving.check_length(request.META.get("CONTENT_LENGTH"))
        super().initial(request, *args, **kwargs)
        declared = request.META.get("CONTENT_LENGTH") or ""
        least = int(declared) - uploads.ENVELOPE if declared.isdigit() else 0
        if not request.user.is_admin:  # a whole course's material comes in one afternoon
            limits.count("upload", request.user, address(request._request))
        self.arriving.use = quota.admit(request.user, files=1, size=max(0, least))

    def post(self, request: Request, collection_id: UUID | None = None) -> Response:
        form = self.serializer_class(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        target = collection_id or self.target(request, form.validated_data)
        name = file.name or ""
        answer, _ran = once(
            request.user.id,
            request.headers.get("Idempotency-Key", ""),
            fingerprint("upload", file.incoming.sha256, name, target),
            lambda: self._upload(request, file.incoming, name, target),
        )
        created = answer.pop("is_new")
        return Response(answer, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    def target(self, request: Request, given: dict[str, Any]) -> UUID | None:
        """The collection for a file whose address names none; None: where the actor's files go."""
        named: UUID | None = given.get("collection_id")
        return named

    def _upload(
        self, request: Request, incoming: Any, name: str, target: UUID | None
    ) -> dict[str, Any]:
        document = services.upload(actor=request.user, file=incoming, name=name, collection=target)
        return {**_plain(DocumentSerializer(document).data), "is_new": document.is_new}


def _plain(data: Any) -> dict[str, Any]:
    """Serialised data as JSON values, to be stored with an Idempotency-Key."""
    plain: dict[str, Any] = json.loads(JSONRenderer().render(data))
    return plain
