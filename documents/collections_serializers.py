"""The shapes of collections."""

from typing import Any

from rest_framework import serializers

from accounts.models import User, no_control_characters
from core.sent_back import AddressOrRow, IdOrRow
from core.serializers import StrictSerializer
from documents.collections import MOST_PEOPLE
from documents.models import Collection


class CollectionIn(StrictSerializer):
    """`groups` are ids, `users` addresses, or what was read; each list replaces the one before."""

    name = serializers.CharField(max_length=200, validators=[no_control_characters])
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    is_open = serializers.BooleanField(required=False)
    groups = serializers.ListField(child=IdOrRow(), max_length=MOST_PEOPLE, required=False)
    users = serializers.ListField(child=AddressOrRow(), max_length=MOST_PEOPLE, required=False)


class CollectionParameters(serializers.Serializer):
    kind = serializers.ChoiceField(choices=Collection.Kind.values, required=False)
    search = serializers.CharField(max_length=200, required=False)
    for_me = serializers.BooleanField(required=False)


class DeleteParameters(serializers.Serializer):
    documents = serializers.ChoiceField(choices=["delete", "keep"], required=False)


class CollectionSerializer(serializers.ModelSerializer):
    """Who else may read it is told to those who may change that; others learn why they may."""

    owner_id = serializers.UUIDField(read_only=True, allow_null=True)
    owner_name = serializers.CharField(source="owner.full_name", default="", read_only=True)
    document_count = serializers.IntegerField(read_only=True)
    given_to_me = serializers.BooleanField(read_only=True)
    my_groups = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Collection
        fields = [
            "id",
            "name",
            "description",
            "kind",
            "is_open",
            "owner_id",
            "owner_name",
            "document_count",
            "given_to_me",
            "my_groups",
            "created_at",
        ]
        read_only_fields = fields

    def to_representation(self, instance: Collection) -> dict[str, Any]:
        user = self.context["request"].user
        manages = instance.is_managed_by(user)
        return {
            **super().to_representation(instance),
            "name": instance.label,
            "can_change": manages,
            "groups": _groups(instance) if manages else [],
            "users": _people(instance, user) if manages else [],
        }


def _groups(collection: Collection) -> list[dict[str, str]]:
    return [{"id": str(group.pk), "name": group.name} for group in collection.groups.all()]


def _people(collection: Collection, reader: User) -> list[dict[str, Any]]:
    """Owners see the addresses they typed; only admins, whether there is an account."""
    if not reader.is_admin:
        return [{"email": share.email} for share in collection.shares.all()]
    return [
        {
            "email": share.email,
            "id": str(share.user_id) if share.user_id else None,
            "full_name": share.user.full_name if share.user else "",
        }
        for share in collection.shares.all()
    ]
