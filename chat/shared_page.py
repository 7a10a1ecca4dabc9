"""The page behind a shared link: for anybody, without a session, unknown to search engines."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET

from chat import sharing
from chat.models import Citation, Message
from core.catalog import words_for_scripts
from core.errors import NotFound
from documents import places


@require_GET
def shared_chat(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever is signed in or not sees the same: the link alone decides."""
    language = translation.get_language()
    try:
        link, messages = sharing.opened(token)
    except NotFound:
        return _unlisted(render(request, "shared/gone.html", status=404))
    turns = [_turn(message) for message in messages]
    page = {
        "title": link.title,
        "name": link.session.user.get_full_name() if link.shows_name else "",
        "shared_at": link.created_at,
        "turns": turns,
        "boot": {
            "language": language,
            "catalog": words_for_scripts(language),
            "turns": [{"content": turn["content"], "sources": turn["sources"]} for turn in turns],
        },
    }
    return _unlisted(render(request, "shared/page.html", page))


def _turn(message: Message) -> dict[str, Any]:
    cited = [citation for citation in message.citations.all() if citation.cited]
    return {
        "is_question": message.role == Message.Role.USER,
        "content": message.content,
        "error": message.error,
        "model": message.model.display_name if message.model else "",
        "sources": [_source(citation) for citation in cited],
    }


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


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    # The address is the key: no page that is gone to from here may learn it.
    response["Referrer-Policy"] = "no-referrer"
    return response
