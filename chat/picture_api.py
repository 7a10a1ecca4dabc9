"""DRF's door to the pictures of a chat: brought before the question that takes them, and shown."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import path
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import pictures, queries
from chat.doors import caller
from chat.protocol import attachment
from core.idempotency import fingerprint, once
from documents.pictures import PictureUpload, respond
from documents.serializers import FileOnly
from documents.upload_api import UploadView


class SessionPictures(UploadView):
    """POST a picture for the next question of this chat."""

    serializer_class = FileOnly
    handler = PictureUpload

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Before the picture is taken, and whatever is wrong with it.
        if request.method == "POST":
            queries.session(caller(request), kwargs["session_id"])

    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        form = self.serializer_class(data=request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        name, incoming = file.name or "", file.incoming

        def bring() -> dict[str, Any]:
            incoming.flush()
            made, is_new = pictures.bring(
                actor=caller(request),
                session_id=session_id,
                name=name,
                content=incoming.path.read_bytes(),
            )
            return {**attachment(pictures.row(made)), "is_new": is_new}

        key = request.headers.get("Idempotency-Key", "")
        print_ = fingerprint("picture", incoming.sha256, name, session_id)
        answer, _ran = once(caller(request).pk, key, print_, bring)
        created = answer.pop("is_new")
        return Response(answer, status=status.HTTP_201_CREATED if created else status.HTTP_200_OK)


class PictureDetail(APIView):
    """A picture of a chat, for who reads the chat."""

    def get(self, request: Request, picture_id: uuid.UUID) -> HttpResponse:
        found = pictures.readable(caller(request), picture_id)
        return respond(found, request.headers.get("If-None-Match", ""))


urlpatterns = [
    path(
        "chat/sessions/<uuid:session_id>/pictures",
        SessionPictures.as_view(),
        name="chat-session-pictures",
    ),
    path("chat/pictures/<uuid:picture_id>", PictureDetail.as_view(), name="chat-picture"),
]
