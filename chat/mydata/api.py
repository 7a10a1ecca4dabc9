"""me/*: everything I said and uploaded, as one archive; and the end of my account."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from django.contrib.auth import logout
from django.http import StreamingHttpResponse
from django.urls import path
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.credentials import prove
from chat.doors import ListView, caller
from chat.models import DataExport
from chat.mydata import leaving, services, work
from chat.serializers import StrictSerializer

PIECE = 256 * 1024


class ProofIn(StrictSerializer):
    password = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, trim_whitespace=False
    )


def export_row(export: DataExport) -> dict[str, Any]:
    return {
        "id": str(export.pk),
        "status": export.status,
        "done": export.done,
        "total": export.total,
        "size": export.size,
        "created_at": export.created_at.isoformat(),
        "finished_at": export.finished_at.isoformat() if export.finished_at else None,
        "expires_at": export.expires_at.isoformat() if export.expires_at else None,
    }


class Exports(ListView):
    """A POST begins one, or gives the one that is under way."""

    items_name = "exports"

    def get(self, request: Request) -> Response:
        return self.listed(services.exports(caller(request)), export_row)

    def post(self, request: Request) -> Response:
        made = services.ask(actor=caller(request))
        return Response(export_row(made), status=status.HTTP_202_ACCEPTED)


class Export(APIView):
    def get(self, request: Request, export_id: uuid.UUID) -> Response:
        return Response(export_row(services.export(caller(request), export_id)))

    def delete(self, request: Request, export_id: uuid.UUID) -> Response:
        services.remove(actor=caller(request), export_id=export_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Download(APIView):
    def get(self, request: Request, export_id: uuid.UUID) -> StreamingHttpResponse:
        export = services.ready(caller(request), export_id)
        file = work.path_of(export)
        answer = StreamingHttpResponse(_pieces(file), content_type="application/zip")
        answer["Content-Length"] = str(file.stat().st_size)
        name = f"lontar-{export.created_at:%Y-%m-%d}.zip"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    """Read in threads, a piece at a time: the loop stays free and memory flat."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()


class Account(APIView):
    """GET says what would go and what would stay; DELETE {password?} deletes the account."""

    def get(self, request: Request) -> Response:
        return Response(leaving.what_goes(caller(request)))

    def delete(self, request: Request) -> Response:
        body = ProofIn(data=request.data)
        body.is_valid(raise_exception=True)
        user = caller(request)
        prove(request._request, user, body.validated_data.get("password", ""))
        leaving.leave(actor=user)
        logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("me/exports", Exports.as_view(), name="my-exports"),
    path("me/exports/<uuid:export_id>", Export.as_view(), name="my-export"),
    path("me/exports/<uuid:export_id>/download", Download.as_view(), name="my-export-download"),
    path("me/account", Account.as_view(), name="my-account"),
]
