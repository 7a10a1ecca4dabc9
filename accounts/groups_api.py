"""DRF's door to groups and their members: for admins."""

from typing import Any
from uuid import UUID

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import generics, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import groups
from accounts.drf import IsAdmin
from accounts.models import Group, no_control_characters
from accounts.serializers import UserSerializer
from core.errors import Invalid
from core.serializers import StrictSerializer

MOST_AT_ONCE = 1000


class GroupSerializer(serializers.ModelSerializer):
    member_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Group
        fields = ["id", "name", "description", "member_count", "created_at"]
        read_only_fields = fields


class GroupIn(StrictSerializer):
    name = serializers.CharField(max_length=150, validators=[no_control_characters])
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)


class MembersIn(StrictSerializer):
    emails = serializers.ListField(
        child=serializers.EmailField(), min_length=1, max_length=MOST_AT_ONCE
    )


class GroupsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsAdmin]
    serializer_class = GroupSerializer
    items_name = "groups"

    def get_queryset(self) -> Any:
        search = self.request.query_params.get("search", "").replace("\x00", " ")[:200]
        return groups.groups(actor=self.request.user, search=search)

    def post(self, request: Request) -> Response:
        body = GroupIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = groups.create_group(actor=request.user, **body.validated_data)
        return Response(_shown(request, made.pk), status=status.HTTP_201_CREATED)


class GroupView(APIView):
    permission_classes = [IsAuthenticated, IsAdmin]
    serializer_class = GroupSerializer

    def get(self, request: Request, group_id: UUID) -> Response:
        return Response(_shown(request, group_id))

    def patch(self, request: Request, group_id: UUID) -> Response:
        body = GroupIn(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if not body.validated_data:
            raise Invalid(_("Send at least one field to change."))
        groups.update_group(actor=request.user, group_id=group_id, **body.validated_data)
        return Response(_shown(request, group_id))

    def delete(self, request: Request, group_id: UUID) -> Response:
        groups.delete_group(actor=request.user, group_id=group_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MembersView(generics.ListAPIView):
    """A POST adds people by their addresses: {emails: [...]} → {added, member_count}."""

    permission_classes = [IsAuthenticated, IsAdmin]
    serializer_class = UserSerializer
    items_name = "members"

    def get_queryset(self) -> Any:
        return groups.members(actor=self.request.user, group_id=self.kwargs["group_id"])

    def post(self, request: Request, group_id: UUID) -> Response:
        body = MembersIn(data=request.data)
        body.is_valid(raise_exception=True)
        added = groups.add_members(actor=request.user, group_id=group_id, **body.validated_data)
        count = _shown(request, group_id)["member_count"]
        return Response({"added": added, "member_count": count})


class MemberView(APIView):
    permission_classes = [IsAuthenticated, IsAdmin]

    def delete(self, request: Request, group_id: UUID, user_id: UUID) -> Response:
        groups.remove_member(actor=request.user, group_id=group_id, user_id=user_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _shown(request: Request, group_id: UUID) -> Any:
    return GroupSerializer(groups.group(actor=request.user, group_id=group_id)).data


urlpatterns = [
    path("groups", GroupsView.as_view(), name="groups"),
    path("groups/<uuid:group_id>", GroupView.as_view(), name="group"),
    path("groups/<uuid:group_id>/members", MembersView.as_view(), name="group-members"),
    path(
        "groups/<uuid:group_id>/members/<uuid:user_id>",
        MemberView.as_view(),
        name="group-member",
    ),
]
