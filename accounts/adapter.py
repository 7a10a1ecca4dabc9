"""Where the login library meets this product."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import guessing, guessing_page
from accounts.models import User
from accounts.services import end_access


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        try:
            with transaction.atomic():
                return super().save_user(request, user, form, commit)
        except IntegrityError as error:
            # Two sign-ups with one address at the same moment: the form saw neither.
            messages.error(request, _("There already is an account with this email address."))
            raise ImmediateHttpResponse(redirect("account_login")) from error

    def set_password(self, user: User, password: str) -> None:
        """Change and reset come through here: what the old password opened is closed."""
        super().set_password(user, password)
        end_access(user)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """In place of the library's own count, which would lock the owner out with the guesser."""
        self._attempt = guessing_page.begin(request, str(credentials.get("email") or ""))

    def _rollback_login_failed_rl_usage(self) -> None:
        """What the library calls when the password was right."""
        self._attempt.right()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **given: Any) -> None:
        """What the library calls after a reset: who has the link is the owner."""
        guessing.forgive(request, str(given.get("email") or ""))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        guessing.know(request, response, user.email)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        # X-Forwarded-For counts only as far as ALLAUTH_TRUSTED_PROXY_COUNT says. A request over
        # a Unix socket has no address at all: all of those share one limit instead of none.
        try:
            return super().get_client_ip(request)
        except PermissionDenied:
            return "0.0.0.0"  # noqa: S104 - a name for "unknown", nothing listens here

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        try:
            with transaction.atomic():
                return super().confirm_email(request, email_address)
        except IntegrityError:
            # Somebody else registered the address between the mail and the click.
            return False
