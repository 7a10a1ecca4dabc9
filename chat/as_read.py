"""A chat as somebody else reads it: pages that show it without a way to write."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from chat.models import Citation, Message
from chat.protocol import attachment
from core.catalog import words_for_scripts
from documents import places


def boot_of(turns: Sequence[dict[str, Any]], language: str) -> dict[str, Any]:
    """What the scripts draw the answers with."""
    return {
        "language": language,
        "catalog": words_for_scripts(language),
        "turns": [{"content": turn["content"], "sources": turn["sources"]} for turn in turns],
    }


def turn(message: Message, token: str = "") -> dict[str, Any]:
    """`token`: of the link by which it is read."""
    cited = [citation for citation in message.citations.all() if citation.cited]
    return {
        "is_question": message.role == Message.Role.USER,
        "content": message.content,
        "pictures": [_picture(each, token) for each in message.pictures],
        "error": message.error,
        "model": message.model.display_name if message.model else "",
        "sources": [_source(citation) for citation in cited],
    }


def _picture(each: dict[str, Any], token: str) -> dict[str, Any]:
    if not token:
        return attachment(each)
    return {**each, "url": reverse("shared-picture", args=[token, each["id"]])}


def _source(citation: Citation) -> dict[str, Any]:
    """Its name, place and words. The document itself opens for those who may read it."""
    return {
        "number": citation.number,
        "document_name": citation.document_name,
        "page_unit": citation.page_unit,
        "page_label": citation.page_label,
        "match": citation.match,
        "place": places.words(citation.page_unit, citation.page, citation.page_label),
        "excerpt": citation.excerpt,
        "source_url": citation.source_url,
        "document_id": str(citation.document_id) if citation.document_id else "",
        "page": citation.page,
    }
