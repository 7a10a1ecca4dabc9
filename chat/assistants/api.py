"""assistants: for everybody signed in what is open to them; made and changed by admins."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.drf import IsAdmin
from accounts.models import User, no_control_characters
from chat.assistants import queries, rows, services, statistics
from chat.assistants.choices import MOST
from chat.assistants.tools import DOCUMENT_SEARCH
from chat.doors import ListView, caller
from core.errors import Invalid
from core.http import one_of
from core.sent_back import IdOrRow, PersonOrRow
from core.serializers import StrictSerializer

LONGEST_SEARCH = 200
MOST_PEOPLE = 1000
ARCHIVED = {"true": True, "false": False, "any": None}


def rows_of(child: serializers.Field[Any, Any, Any, Any], most: int) -> serializers.ListField:
    return serializers.ListField(child=child, max_length=most, required=False)


class AssistantIn(StrictSerializer):
    name = serializers.CharField(max_length=120, validators=[no_control_characters])
    description = serializers.CharField(
        max_length=500, required=False, allow_blank=True, validators=[no_control_characters]
    )
    model_id = serializers.UUIDField(required=False, allow_null=True)
    fallbacks = rows_of(serializers.UUIDField(), MOST)
    prompt_id = serializers.UUIDField(required=False, allow_null=True)
    collections = rows_of(IdOrRow(), MOST)
    tools = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=MOST, required=False
    )
    is_active = serializers.BooleanField(required=False)
    is_open = serializers.BooleanField(required=False)


class NewAssistant(AssistantIn):
    tools = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=MOST,
        default=lambda: [DOCUMENT_SEARCH],
    )
    groups = rows_of(IdOrRow(), MOST_PEOPLE)
    users = rows_of(PersonOrRow(max_length=254), MOST_PEOPLE)


class AssistantPatch(AssistantIn):
    """`version`: the number that was read; another one meanwhile is 409 changed_meanwhile."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class AccessIn(StrictSerializer):
    is_open = serializers.BooleanField(required=False)
    groups = rows_of(IdOrRow(), MOST_PEOPLE)
    users = rows_of(PersonOrRow(max_length=254), MOST_PEOPLE)
    open_collections = serializers.BooleanField(required=False)


class Assistants(ListView):
    items_name = "assistants"

    def get(self, request: Request) -> Response:
        search = request.query_params.get("search", "")[:LONGEST_SEARCH]
        archived = one_of(request, "archived", ARCHIVED, "false")
        found = queries.listed(caller(request), search, ARCHIVED[archived])
        page = self.paginate_queryset(found) or []
        return self.get_paginated_response(rows.rows(caller(request), page))

    def post(self, request: Request) -> Response:
        services.require_admin(caller(request))
        made = services.create_assistant(actor=caller(request), **_valid(NewAssistant, request))
        return _shown(caller(request), made.pk, status.HTTP_201_CREATED)


class AssistantView(APIView):
    def get(self, request: Request, assistant_id: UUID) -> Response:
        return _shown(caller(request), assistant_id)

    def patch(self, request: Request, assistant_id: UUID) -> Response:
        services.require_admin(caller(request))
        fields = _valid(AssistantPatch, request, partial=True)
        if not fields.keys() - {"version"}:
            raise Invalid(_("Send at least one field to change."))
        services.update_assistant(actor=caller(request), assistant_id=assistant_id, **fields)
        return _shown(caller(request), assistant_id)

    def delete(self, request: Request, assistant_id: UUID) -> Response:
        services.delete_assistant(actor=caller(request), assistant_id=assistant_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Access(APIView):
    """Whom it is open to: each list that is sent takes the place of the one before."""

    permission_classes = [IsAuthenticated, IsAdmin]

    def post(self, request: Request, assistant_id: UUID) -> Response:
        fields = _valid(AccessIn, request)
        if not fields:
            raise Invalid(_("Send at least one field to change."))
        services.set_access(actor=caller(request), assistant_id=assistant_id, **fields)
        return _shown(caller(request), assistant_id)


class Unarchive(APIView):
    """POST without a body: as it was, for whom it was open to."""

    permission_classes = [IsAuthenticated, IsAdmin]

    def post(self, request: Request, assistant_id: UUID) -> Response:
        services.unarchive_assistant(actor=caller(request), assistant_id=assistant_id)
        return _shown(caller(request), assistant_id)


class Stats(APIView):
    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request, assistant_id: UUID) -> Response:
        found = statistics.statistics(actor=caller(request), assistant_id=assistant_id)
        return Response(asdict(found))


class People(ListView):
    """Who can ask it."""

    permission_classes = [IsAuthenticated, IsAdmin]
    items_name = "users"

    def get(self, request: Request, assistant_id: UUID) -> Response:
        found = statistics.people(actor=caller(request), assistant_id=assistant_id)
        return self.listed(found, rows.person)


class Versions(ListView):
    permission_classes = [IsAuthenticated, IsAdmin]
    items_name = "versions"

    def get(self, request: Request, assistant_id: UUID) -> Response:
        found = statistics.versions(actor=caller(request), assistant_id=assistant_id)
        return self.listed(found, rows.version_row)


def _valid(
    kind: type[serializers.Serializer[Any]], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    body = kind(data=request.data, partial=partial)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _shown(user: User, assistant_id: UUID, code: int = status.HTTP_200_OK) -> Response:
    return Response(rows.row(user, queries.one(user, assistant_id)), status=code)


ONE = "assistants/<uuid:assistant_id>"
urlpatterns = [
    path("assistants", Assistants.as_view(), name="assistants"),
    path(ONE, AssistantView.as_view(), name="assistant"),
    path(f"{ONE}/access", Access.as_view(), name="assistant-access"),
    path(f"{ONE}/unarchive", Unarchive.as_view(), name="assistant-unarchive"),
    path(f"{ONE}/stats", Stats.as_view(), name="assistant-stats"),
    path(f"{ONE}/people", People.as_view(), name="assistant-people"),
    path(f"{ONE}/versions", Versions.as_view(), name="assistant-versions"),
]
