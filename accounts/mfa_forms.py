"""The second factor's code, guessed at the pace of a password.

Apart from accounts.mfa: the library imports that module while it defines the classes used here.
"""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator

from accounts import guessing_page


class _Slowed:
    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        attempt = guessing_page.begin(context.request, self.user.email, kind="code")
        code = str(self.cleaned_data["code"])
        rows = Authenticator.objects.filter(user=self.user)
        for row in rows.exclude(type=Authenticator.Type.WEBAUTHN):
            if row.wrap().validate_code(code):
                row.user = self.user
                self.authenticator = row
                attempt.right()
                return code
        raise get_adapter().validation_error("incorrect_code")


class AuthenticateForm(_Slowed, forms.AuthenticateForm):  # type: ignore[misc]  # no types there
    pass


class ReauthenticateForm(_Slowed, forms.ReauthenticateForm):  # type: ignore[misc]
    pass
