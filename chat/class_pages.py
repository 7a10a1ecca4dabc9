"""Pages for lecturers: the classes they read, the chats of one, a chat as its student sees it."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET

from accounts.models import Group, User
from chat import queries, reading
from chat.as_read import boot_of, turn
from core.errors import NotFound

CHATS = 50  # on one page


@require_GET
@login_required
def classes(request: HttpRequest) -> HttpResponse:
    """The classes the reader is named for; an admin without one is told how to be."""
    user = _admin(request)
    return _shown(request, "classes/list.html", {"readings": reading.classes(user)})


@require_GET
@login_required
def class_chats(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    user, words = _admin(request), request.GET.get("search", "").replace("\x00", " ").strip()[:200]
    try:
        found = reading.class_chats(user, group_id, words)
    except NotFound as error:
        raise Http404 from error
    page = Paginator(found, CHATS).get_page(request.GET.get("page"))
    group = Group.objects.get(pk=group_id)
    return _shown(request, "classes/chats.html", {"group": group, "page": page, "search": words})


@require_GET
@login_required
def class_chat(request: HttpRequest, group_id: uuid.UUID, session_id: uuid.UUID) -> HttpResponse:
    """Reading it is kept, for its student to see."""
    user = _admin(request)
    try:
        session = reading.read(actor=user, group_id=group_id, session_id=session_id)
    except NotFound as error:
        raise Http404 from error
    turns = [turn(message) for message in queries.thread(session)]
    group = Group.objects.get(pk=group_id)
    shown = {"group": group, "session": session, "turns": turns}
    return _shown(request, "classes/chat.html", shown)


def _admin(request: HttpRequest) -> User:
    """Only admins can be named for a class; for others there are no such pages."""
    assert isinstance(request.user, User)
    if not request.user.is_admin:
        raise Http404
    return request.user


def _shown(request: HttpRequest, template: str, page: dict[str, Any]) -> HttpResponse:
    assert isinstance(request.user, User)
    language = request.user.language or translation.get_language()
    boot = boot_of(page.get("turns", []), language)
    with translation.override(language):
        return render(request, template, {"theme": request.user.theme, "boot": boot, **page})
