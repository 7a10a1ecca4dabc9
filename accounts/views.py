"""The account page: name, language, look, keys, logins. It works without scripts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from accounts import api_keys, browsers, services
from accounts.forms import KeyForm, ProfileForm
from accounts.models import User
from core.errors import AppError

OTHERS = "others"


@require_GET
@login_required
def account_page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@login_required
def save_profile(request: HttpRequest) -> HttpResponse:
    # A copy: what was typed must not stand in the page's head while it is wrong.
    form = ProfileForm(request.POST, instance=User.objects.get(pk=_user(request).pk))
    if not form.is_valid():
        return _page(request, profile=form, status=422)
    services.update_profile(actor=_user(request), full_name=form.cleaned_data["full_name"])
    messages.success(request, _("Your name is saved."))
    return redirect("account")


@sensitive_variables("raw")
@require_POST
@login_required
def make_key(request: HttpRequest) -> HttpResponse:
    """The answer shows the key, this once: it is kept nowhere."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, key_form=form, status=422)
    given = form.cleaned_data
    expires_at = timezone.now() + timedelta(days=given["days"]) if given["days"] else None
    try:
        key, raw = api_keys.make_key(
            actor=_user(request), name=given["name"], scopes=given["scopes"], expires_at=expires_at
        )
    except AppError as error:
        form.add_error(None, str(error))
        return _page(request, key_form=form, status=error.status)
    return _page(request, made=key, raw=raw)


@require_POST
@login_required
def revoke_key(request: HttpRequest) -> HttpResponse:
    try:
        api_keys.revoke(actor=_user(request), key_id=UUID(request.POST.get("key", "")))
    except (ValueError, AppError):
        messages.warning(request, _("There is no such key any more."))
    else:
        messages.success(request, _("The key is taken back: it opens nothing from now on."))
    return redirect(reverse("account") + "#keys")


@require_POST
@login_required
def end_sessions(request: HttpRequest) -> HttpResponse:
    """One login by its id, or with `others` all but this one."""
    which = request.POST.get("which", "")
    if which == OTHERS:
        browsers.end_others(request)
        messages.success(request, _("Only this browser is logged in now."))
    elif browsers.end(request, which):
        messages.success(request, _("That login is ended."))
    else:
        messages.warning(request, _("That login had ended already."))
    return redirect(reverse("account") + "#logins")


def _page(request: HttpRequest, *, status: int = 200, **said: Any) -> HttpResponse:
    user = _user(request)
    shown = {
        "profile": ProfileForm(instance=user),
        "key_form": KeyForm(),
        "keys": api_keys.listed(user),
        "now": timezone.now(),
        "logins": browsers.listed(request),
        **said,
    }
    return render(request, "account/account.html", shown, status=status)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # login_required lets nobody else in
    return request.user
