"""An admin's view of people: who is here, what they may do, and what they asked.

In this room because a row says how many chats somebody has.
"""

import uuid

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.drf import IsAdmin
from accounts.models import User
from chat.doors import ListView, caller
from chat.models import Session
from chat.serializers import session_row, user_row
from core.errors import Invalid, NotFound
from core.serializers import StrictSerializer


class PersonIn(StrictSerializer):
    role = serializers.ChoiceField(choices=User.Role.choices, required=False)
    is_active = serializers.BooleanField(required=False)

    def validate_is_active(self, value: bool) -> bool:
        # The field also takes "on", 1 and the like, which is how somebody is locked out by mistake.
        if not isinstance(self.initial_data["is_active"], bool):
            raise serializers.ValidationError(_("Send true or false."))
        return value


class Filters(serializers.Serializer):
    search = serializers.CharField(max_length=200, required=False, allow_blank=True)
    role = serializers.ChoiceField(choices=User.Role.choices, required=False)
    is_active = serializers.BooleanField(required=False, default=None, allow_null=True)


class Users(ListView):
    items_name = "users"
    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request) -> Response:
        wanted = Filters(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        return self.listed(_people(**wanted.validated_data), user_row)


class Person(APIView):
    """PATCH {role?, is_active?}; switching somebody off ends all they have open."""

    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        return Response(user_row(_person(user_id)))

    @transaction.atomic
    def patch(self, request: Request, user_id: uuid.UUID) -> Response:
        body = PersonIn(data=request.data)
        body.is_valid(raise_exception=True)
        if not body.validated_data:
            raise Invalid(_("Send at least one field to change."))
        person, actor = _person(user_id), caller(request)
        if "role" in body.validated_data:
            services.set_role(actor=actor, user=person, role=body.validated_data["role"])
        if "is_active" in body.validated_data:
            active = body.validated_data["is_active"]
            services.set_active(actor=actor, user=person, active=active)
        return Response(user_row(_person(user_id)))

    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        services.delete_user(actor=caller(request), user=_person(user_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UserChats(ListView):
    items_name = "sessions"
    permission_classes = [IsAuthenticated, IsAdmin]

    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        sessions = Session.objects.filter(user=_person(user_id)).select_related("model")
        return self.listed(sessions, session_row)


def _people(search: str = "", role: str = "", is_active: bool | None = None) -> QuerySet[User]:
    found = User.objects.annotate(chat_count=Count("chat_sessions"))
    if search:
        found = found.filter(Q(email__icontains=search) | Q(full_name__icontains=search))
    if role:
        found = found.filter(role=role)
    if is_active is not None:
        found = found.filter(is_active=is_active)
    return found.order_by("-created_at", "-id")


def _person(user_id: uuid.UUID) -> User:
    found = _people().filter(pk=user_id).first()
    if found is None:
        raise NotFound
    return found
