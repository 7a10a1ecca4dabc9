"""The shapes of the contract."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.serializers import StrictSerializer
from documents import queries
from documents.models import Document


class DocumentSerializer(serializers.ModelSerializer):
    # The storage name is nobody's business.
    filename = serializers.CharField(source="original_filename", read_only=True)
    error = serializers.CharField(read_only=True)
    remark = serializers.CharField(read_only=True)
    uploaded_by = serializers.UUIDField(source="owner_id", read_only=True)
    collection_id = serializers.UUIDField(read_only=True)
    archive_id = serializers.UUIDField(read_only=True, allow_null=True)
    in_chat = serializers.BooleanField(read_only=True)
    refusals = serializers.ListField(child=serializers.DictField(), read_only=True)

    # In lists, where it is counted with the rest.
    chunks_count = serializers.IntegerField(required=False)

    class Meta:
        model = Document
        fields = [
            "id",
            "filename",
            "original_filename",
            "file_size",
            "media_type",
            "status",
            "stage",
            "progress",
            "seconds_left",
            "error_code",
            "error",
            "remark",
            "refusals",
            "page_count",
            "page_unit",
            "title",
            "author",
            "created_on",
            "language",
            "collection_id",
            "archive_id",
            "in_chat",
            "uploaded_by",
            "uploaded_at",
            "processed_at",
            "chunks_count",
        ]
        read_only_fields = fields


class DocumentDetailSerializer(DocumentSerializer):
    content = serializers.CharField(read_only=True)
    content_truncated = serializers.BooleanField(read_only=True)
    chunks_count = serializers.IntegerField(read_only=True)

    class Meta(DocumentSerializer.Meta):
        fields = [
            *DocumentSerializer.Meta.fields,
            "summary",
            "content",
            "content_truncated",
        ]
        read_only_fields = fields

    def to_representation(self, instance: Document) -> dict[str, Any]:
        content = queries.content(instance)
        instance.chunks_count = queries.chunk_count(instance)  # type: ignore[attr-defined]
        instance.content = content.text  # type: ignore[attr-defined]
        instance.content_truncated = content.truncated  # type: ignore[attr-defined]
        return super().to_representation(instance)


class UploadSerializer(StrictSerializer):
    file = serializers.FileField(allow_empty_file=True)
    collection_id = serializers.UUIDField(required=False)


class FileOnly(StrictSerializer):
    """Where the address says where it goes."""

    file = serializers.FileField(allow_empty_file=True)


class MoveSerializer(StrictSerializer):
    collection_id = serializers.UUIDField()


class QuotaSerializer(serializers.Serializer):
    """A limit is null where there is none."""

    files_used = serializers.IntegerField(source="files")
    files_limit = serializers.IntegerField(allow_null=True)
    bytes_used = serializers.IntegerField(source="bytes")
    bytes_limit = serializers.IntegerField(allow_null=True)


class StatusSerializer(StrictSerializer):
    status = serializers.ChoiceField(choices=Document.Status.values)


class ListParameters(serializers.Serializer):
    status = serializers.ChoiceField(choices=Document.Status.values, required=False)
    collection_id = serializers.UUIDField(required=False)
    kind = serializers.RegexField(
        r"^[a-z]+$",
        required=False,
        max_length=20,
        error_messages={"invalid": _("Give a kind of file in small letters, like pdf.")},
    )
    search = serializers.CharField(max_length=200, required=False)
    sort = serializers.ChoiceField(
        choices=list(queries.SORTS), required=False, help_text="Without it the newest come first."
    )


class PageParameters(serializers.Serializer):
    chunk = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, source="chunk_id"
    )
    start = serializers.IntegerField(required=False, min_value=0, max_value=2**31)
    end = serializers.IntegerField(required=False, min_value=0, max_value=2**31)


class PageSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    text = serializers.CharField()
    width = serializers.FloatField()
    height = serializers.FloatField()
    rects = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)
    page_count = serializers.IntegerField()
    unit = serializers.CharField()
    label = serializers.CharField()


class FindParameters(serializers.Serializer):
    q = serializers.CharField(min_length=2, max_length=200)


class PlaceSerializer(serializers.Serializer):
    page = serializers.IntegerField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    before = serializers.CharField()
    match = serializers.CharField()
    after = serializers.CharField()


class PlacesSerializer(serializers.Serializer):
    query = serializers.CharField()
    total = serializers.IntegerField()
    truncated = serializers.BooleanField()
    matches = PlaceSerializer(many=True)
