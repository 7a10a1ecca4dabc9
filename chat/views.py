"""The pages of chat and library, and the reader's look and language; all else goes over the API."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.services import update_profile
from chat import queries, starting
from chat.assistants.rows import choices_of
from chat.models import Session
from chat.serializers import session_row
from core.catalog import words_for_scripts
from documents.queries import ACCEPTED
from llm.queries import usable_models

YEAR = 365 * 24 * 3600
THEME_COOKIE = "lontar_theme"
# Names shown before the sign-in too, hence not with the account.
THEMES = [("", _("System")), ("light", _("Light")), ("dark", _("Dark"))]
# All the page needs before the first keystroke; the rest comes when it is wanted.
MODULES = [f"js/{name}.js" for name in "lib answer composer conversation material sessions".split()]
LIBRARY_MODULES = [
    f"js/{name}.js"
    for name in "lib shelf shelves collection batch file material readers sessions".split()
]
CHATS = 50  # the scripts ask for more by as many
# The built-in model's name is stored in English; the page translates what it knows.
BUILTIN_NAME = gettext_noop("Quotes from your material")


@require_GET
@login_required
def chat_page(request: HttpRequest, session_id: uuid.UUID | None = None) -> HttpResponse:
    """The page is the same for every session; the browser asks for what was said."""
    assert isinstance(request.user, User)
    return _shown(request, "chat/page.html", _chat(request.user, session_id))


@require_GET
@login_required
def library_page(request: HttpRequest, collection_id: uuid.UUID | None = None) -> HttpResponse:
    """The collections, or one of them: the browser asks for what may be read."""
    assert isinstance(request.user, User)
    boot = {"sharing": settings.STUDENT_SHARING, "chats": _chats(request.user)}
    return _shown(request, "library/page.html", {"boot": boot, "modules": LIBRARY_MODULES})


@require_GET
@login_required
def my_data_page(request: HttpRequest) -> HttpResponse:
    """What can be taken along, and the way to delete the account."""
    return _shown(request, "account/data.html", {"boot": {}})


def _shown(request: HttpRequest, template: str, page: dict[str, Any]) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    language = user.language or translation.get_language()
    with translation.override(language):
        response = render(
            request, template, {**_common(user), **page, "boot": _boot(user, language, page)}
        )
    # So that sentences of the API and of the next log-in page are in the same language.
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
    return response


def _common(user: User) -> dict[str, Any]:
    initial = user.get_full_name()[:1].upper()
    return {"theme": user.theme, "themes": THEMES, "initial": initial}


def _boot(user: User, language: str, page: dict[str, Any]) -> dict[str, Any]:
    return {
        "language": language,
        "catalog": words_for_scripts(language),
        "user": {"id": str(user.pk), "is_admin": user.is_admin},
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "accepts": ACCEPTED,
        **page["boot"],
    }


def _chat(user: User, session_id: uuid.UUID | None) -> dict[str, Any]:
    models = list(usable_models())
    return {
        "boot": {"chats": _chats(user)},
        # Asked for by the template, when the language is the reader's.
        "questions": lambda: starting.questions(user),
        "models": models,
        "assistants": choices_of(user, models),
        "sees": any(model.supports_vision for model in models),
        "only_builtin": all(model.provider.kind == "builtin" for model in models),
        "modules": MODULES,
        "session_id": session_id,
    }


def _chats(user: User) -> dict[str, Any]:
    """What the list of chats shows first, as `GET chat/sessions` has it."""
    found = queries.sessions(user, archived=False)
    rows = [_chat_row(session) for session in found[: CHATS + 1]]
    total = len(rows) if len(rows) <= CHATS else found.count()
    return {"total": total, "sessions": rows[:CHATS]}


def _chat_row(session: Session) -> dict[str, Any]:
    row = session_row(session)
    return {name: row[name] for name in ("id", "title", "status", "updated_at", "archived_at")}


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keeps language or theme with the account and in a cookie, then goes back to the page."""
    there = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(there, {request.get_host()}, request.is_secure()):
        there = "/"
    response = HttpResponseRedirect(there)
    fields: dict[str, str] = {}
    if (language := request.POST.get("language", "")) in dict(settings.LANGUAGES):
        fields["language"] = language
        _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
    if theme := request.POST.get("theme", ""):
        fields["theme"] = theme if theme in ("light", "dark") else ""
        _remember(response, THEME_COOKIE, fields["theme"])
    if fields and isinstance(request.user, User):
        update_profile(actor=request.user, **fields)
    return response


def _remember(response: HttpResponse, name: str, value: str) -> None:
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=secure)
