"""The page behind a shared link: for anybody, without a session, unknown to search engines."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET

from chat import pictures, sharing
from chat.as_read import boot_of, turn
from core.errors import NotFound
from documents.pictures import respond


@require_GET
def shared_chat(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever is signed in or not sees the same: the link alone decides."""
    language = translation.get_language()
    try:
        link, messages = sharing.opened(token)
    except NotFound:
        return _unlisted(render(request, "shared/gone.html", status=404))
    turns = [turn(message, token) for message in messages]
    page = {
        "title": link.title,
        "name": link.session.user.get_full_name() if link.shows_name else "",
        "shared_at": link.created_at,
        "turns": turns,
        "boot": boot_of(turns, language),
    }
    return _unlisted(render(request, "shared/page.html", page))


@require_GET
def shared_picture(request: HttpRequest, token: str, picture_id: uuid.UUID) -> HttpResponse:
    """A picture of what the link shows; after it ended there is none."""
    try:
        link, messages = sharing.opened(token)
        found = pictures.shared(link.session, messages, picture_id)
        answer = respond(found, request.headers.get("If-None-Match", ""))
    except NotFound as error:
        raise Http404 from error
    return _unlisted(answer)


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    # The address is the key: no page that is gone to from here may learn it.
    response["Referrer-Policy"] = "no-referrer"
    return response
