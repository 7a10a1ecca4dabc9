"""The shape of a question with its answer in the REST contract."""

from rest_framework import serializers

from core.serializers import RefusesUnknown
from documents.knowledge import csv_in
from documents.knowledge.models import KnowledgeEntry


class EntrySerializer(RefusesUnknown, serializers.ModelSerializer):
    question = serializers.CharField(max_length=csv_in.QUESTION)
    answer = serializers.CharField(max_length=csv_in.ANSWER)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=csv_in.TAG),
        max_length=csv_in.MOST_TAGS,
        required=False,
    )
    collection_id = serializers.UUIDField(required=False)
    document_id = serializers.UUIDField(read_only=True)
    status = serializers.CharField(source="document.status", read_only=True)
    error_code = serializers.CharField(source="document.error_code", read_only=True)
    error = serializers.CharField(source="document.error", read_only=True)

    class Meta:
        model = KnowledgeEntry
        fields = [
            "id",
            "question",
            "answer",
            "category",
            "tags",
            "language",
            "collection_id",
            "document_id",
            "status",
            "error_code",
            "error",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["created_at", "updated_at"]


class EntryChange(EntrySerializer):
    """It stays where it is."""

    collection_id = serializers.UUIDField(read_only=True)


class AnswerSerializer(EntrySerializer):
    """An answer to a question that somebody has asked already."""

    class Meta(EntrySerializer.Meta):
        fields = ["answer", "category", "tags", "language", "collection_id"]
        read_only_fields: list[str] = []
