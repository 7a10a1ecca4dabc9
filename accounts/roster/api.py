"""DRF's door to class lists: POST a table to look at it, POST it again to apply it."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import groups, invitations
from accounts.drf import IsAdmin
from accounts.models import User
from accounts.roster import reading, services, table
from accounts.roster.services import Choice, Outcome, Plan
from core.errors import Invalid
from core.parsers import FormParser, JSONParser
from core.serializers import StrictSerializer


class RosterSerializer(StrictSerializer):
    """A file, or its text as `csv`; `fingerprint` as the preview gave it."""

    file = serializers.FileField(required=False, allow_empty_file=True)
    csv = serializers.CharField(required=False, trim_whitespace=False)
    replace = serializers.BooleanField(required=False, default=False)
    create = serializers.BooleanField(required=False, default=True)
    preview = serializers.BooleanField(required=False, default=False)
    fingerprint = serializers.CharField(required=False, default="", max_length=64)


class ImportView(APIView):
    """With `preview` nothing is changed; without, its `fingerprint` says what was looked at."""

    permission_classes = [IsAuthenticated, IsAdmin]
    parser_classes = [JSONParser, FormParser]
    serializer_class = RosterSerializer

    def post(self, request: Request, group_id: UUID) -> Response:
        groups.group(actor=request.user, group_id=group_id)
        form = RosterSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        file = given.get("file")
        call: dict[str, Any] = {
            "actor": request.user,
            "group_id": group_id,
            "data": file.read(reading.LARGEST + 1) if file else given.get("csv", "").encode(),
            "choice": Choice(given["replace"], given["create"]),
        }
        if given["preview"]:
            return Response(_plan(services.preview(**call)))
        if not given["fingerprint"]:
            text = _("Send it with preview first, then again with the fingerprint you got.")
            raise Invalid(text, code="no_preview")
        origin = request.build_absolute_uri("/")
        with transaction.atomic():
            done = services.apply(**call, fingerprint=given["fingerprint"])
            links = invitations.hand_out(actor=request.user, people=done.people, origin=origin)
        return Response(_outcome(done, dict(links)))


class ExportView(APIView):
    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request, group_id: UUID) -> HttpResponse:
        return table.exported(groups.memberships(actor=request.user, group_id=group_id))


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "joining": [_person(person) for person in plan.joining],
        "new": [{"email": row.email, "full_name": row.full_name} for row in plan.new],
        "present": [_person(person) for person in plan.present],
        "leaving": [_person(person) for person in plan.leaving],
        "errors": [{"line": bad.line, "message": bad.message} for bad in plan.bad],
        "notes": [{"line": note.line, "message": note.message} for note in plan.notes],
        "fingerprint": plan.fingerprint,
    }


def _outcome(done: Outcome, links: dict[User, str]) -> dict[str, Any]:
    """`link`: where no mail is sent, the only time it is shown."""
    return {
        "added": done.added,
        "removed": done.removed,
        "created": [{**_person(new), "link": links.get(new)} for new in done.people],
        "errors": [{"line": bad.line, "message": bad.message} for bad in done.plan.bad],
    }


def _person(person: User) -> dict[str, Any]:
    return {"id": str(person.pk), "email": person.email, "full_name": person.full_name}


urlpatterns = [
    path("groups/<uuid:group_id>/members/import", ImportView.as_view(), name="roster-import"),
    path("groups/<uuid:group_id>/members/export", ExportView.as_view(), name="roster-export"),
]
