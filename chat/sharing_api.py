"""DRF's door to shared links: made, listed and taken back by whose chat it is."""

import uuid
from typing import Any

from django.urls import path, reverse
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import queries, sharing
from chat.doors import ListView, caller
from chat.models import Share
from chat.serializers import StrictSerializer


class ShareIn(StrictSerializer):
    shows_name = serializers.BooleanField(required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


def share_row(link: Share) -> dict[str, Any]:
    return {
        "id": str(link.pk),
        "session_id": str(link.session_id),
        "title": link.title,
        "shows_name": link.shows_name,
        "created_at": link.created_at.isoformat(),
        "expires_at": link.expires_at.isoformat() if link.expires_at else None,
        "revoked_at": link.revoked_at.isoformat() if link.revoked_at else None,
        "is_open": sharing.is_open(link),
    }


class Shares(ListView):
    """Of all my chats."""

    items_name = "shares"

    def get(self, request: Request) -> Response:
        return self.listed(sharing.shares(caller(request)), share_row)


class SessionShares(ListView):
    """POST {shows_name?, expires_at?}: the answer alone has the link, as `url`."""

    items_name = "shares"

    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        return self.listed(sharing.shares(caller(request), session_id), share_row)

    def post(self, request: Request, session_id: uuid.UUID) -> Response:
        user = caller(request)
        queries.session(user, session_id)  # before the body is looked at
        body = ShareIn(data=request.data)
        body.is_valid(raise_exception=True)
        link, token = sharing.share(actor=user, session_id=session_id, **body.validated_data)
        url = request.build_absolute_uri(reverse("shared-chat", args=[token]))
        return Response({**share_row(link), "url": url}, status=status.HTTP_201_CREATED)


class ShareDetail(APIView):
    def delete(self, request: Request, share_id: uuid.UUID) -> Response:
        sharing.revoke(actor=caller(request), share_id=share_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("chat/shares", Shares.as_view(), name="chat-shares"),
    path("chat/shares/<uuid:share_id>", ShareDetail.as_view(), name="chat-share"),
    path(
        "chat/sessions/<uuid:session_id>/shares",
        SessionShares.as_view(),
        name="chat-session-shares",
    ),
]
