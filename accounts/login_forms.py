"""The login library's forms where no mail can be sent: nobody is promised a letter.

Apart from accounts.forms: the library imports that module while it defines the classes used here.
"""

from typing import Any

from allauth.account import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

NO_MAIL = _("This Lontar sends no mail. Ask your lecturer to set a new password for you.")


class LoginForm(forms.LoginForm):  # type: ignore[misc]  # the library has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.EMAIL_CONFIGURED:
            self.fields["password"].help_text = _("Forgotten it? Ask your lecturer for a new one.")


class ResetPasswordForm(forms.ResetPasswordForm):  # type: ignore[misc]
    def clean(self) -> dict[str, Any]:
        if not settings.EMAIL_CONFIGURED:
            raise ValidationError(NO_MAIL)
        return self.cleaned_data
