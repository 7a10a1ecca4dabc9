"""Logging in by an account elsewhere: Google, Microsoft, any OpenID Connect."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from asgiref.sync import iscoroutinefunction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render

from accounts.models import User
from core.db import in_thread


class SocialAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest, provider: Any = None, client_id: Any = None
    ) -> list[SocialApp]:
        """Those of the environment only: rows of the database keep their secrets unsealed."""
        apps = super().list_apps(request, provider, client_id)
        return [app for app in apps if app.pk is None]

    def get_app(self, request: HttpRequest, provider: str, client_id: Any = None) -> SocialApp:
        """Raises Http404 for a provider that is not set up here."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist as error:
            raise Http404 from error

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Any) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(filter(None, parts)) or user.email.partition("@")[0]
        user.full_name = " ".join(str(name).split())[:150]
        return user

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Only into students' accounts: who runs a directory elsewhere is no admin here.

        An admin logs in once by password (and second factor) and connects the account.
        """
        allowed: bool = super().can_authenticate_by_email(login, email) and _verified(login)
        staff = User.objects.filter(emailaddress__email__iexact=email).exclude(role="student")
        return allowed and not staff.exists()

    def get_requests_session(self) -> Any:
        """The other site not answering is a login that did not work, not an error of ours."""
        session = super().get_requests_session()
        send = session.send

        def send_or_tell(*args: Any, **kwargs: Any) -> Any:
            try:
                answer = send(*args, **kwargs)
            except OSError as error:
                raise _did_not_work() from error
            if answer.status_code >= 500:
                raise _did_not_work()
            return answer

        session.send = send_or_tell
        return session


def _did_not_work() -> ImmediateHttpResponse:
    page = "socialaccount/authentication_error.html"
    return ImmediateHttpResponse(render(context.request, page, status=401))


def _verified(login: SocialLogin) -> bool:
    """Whether the provider says so in so many words: the text "false" is true to Python."""
    data = login.account.extra_data
    said = data.get("userinfo") or data.get("id_token") or data
    return any(said.get(name) in (True, "true") for name in ("email_verified", "verified_email"))


def leave_by_page(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Lead away to another site by a page instead of a redirect after a form.

    The policy lets forms go to this site only (form-action), and Chromium asks that of every
    redirect a form ends in.
    """

    if iscoroutinefunction(get_response):

        async def amiddleware(request: HttpRequest) -> HttpResponseBase:
            response = await get_response(request)
            # In a thread: a page asks the database who is logged in.
            leaves = _leaves(request, response)
            return await in_thread(_page, request, response) if leaves else response

        return amiddleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        return _page(request, response) if _leaves(request, response) else response

    return middleware


def _leaves(request: HttpRequest, response: HttpResponseBase) -> bool:
    if request.method != "POST" or not request.path.startswith("/accounts/"):
        return False
    return urlsplit(response.headers.get("Location", "")).netloc not in ("", request.get_host())


def _page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    to = response.headers["Location"]
    said = {"to": to, "host": urlsplit(to).netloc}
    page = render(request, "socialaccount/leaving.html", said)
    page.cookies = response.cookies
    return page


leave_by_page.sync_capable = leave_by_page.async_capable = True  # type: ignore[attr-defined]
