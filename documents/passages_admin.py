"""Passages and the upload quota in the Django admin."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_pages import Worded
from documents.models import Chunk, UploadQuota


@admin.register(Chunk)
class ChunkAdmin(Worded):
    """To look at, when an answer cites something odd."""

    list_display = ["document", "ordinal", "page", "heading", "beginning", "language"]
    list_filter = ["language"]
    search_fields = ["=document__id", "document__original_filename"]
    list_select_related = ["document"]
    show_full_result_count = False
    ordering = ["-id"]
    readonly_fields = [
        "document",
        "collection",
        "ordinal",
        "page",
        "start",
        "end",
        "heading",
        "text",
        "language",
        "word_count",
    ]

    @admin.display(description=_("text"))
    def beginning(self, chunk: Chunk) -> str:
        return chunk.text[:100]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Chunk | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Chunk | None = None) -> bool:
        return False


@admin.register(UploadQuota)
class UploadQuotaAdmin(Worded):
    list_display = ["__str__", "files", "megabytes"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not UploadQuota.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: UploadQuota | None = None) -> bool:
        return False
