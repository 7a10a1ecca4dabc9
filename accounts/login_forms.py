"""The login library's forms where no mail can be sent: nobody is promised a letter.

Apart from accounts.forms: the library imports that module while it defines the classes used here.
"""

from typing import Any

from allauth.account import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

NO_MAIL = _("This Lontar sends no mail. Ask your lecturer to set a new password for you.")

NO_CHANGE = _(
    "This Lontar sends no mail, so a new address cannot be confirmed here. Ask the administrator "
    "to change it: you are then logged out everywhere and log in with the new one."
)


class LoginForm(forms.LoginForm):  # type: ignore[misc]  # the library has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.signup_open = settings.SIGNUP_OPEN
        if not settings.EMAIL_CONFIGURED:
            self.fields["password"].help_text = _("Forgotten it? Ask your lecturer for a new one.")


class AddEmailForm(forms.AddEmailForm):  # type: ignore[misc]
    no_change = NO_CHANGE

    @property
    def letters(self) -> bool:
        return bool(settings.EMAIL_CONFIGURED)

    def clean(self) -> dict[str, Any]:
        if not settings.EMAIL_CONFIGURED:
            raise ValidationError(NO_CHANGE)
        return self.cleaned_data


class ResetPasswordForm(forms.ResetPasswordForm):  # type: ignore[misc]
    no_mail = NO_MAIL

    @property
    def letters(self) -> bool:
        return bool(settings.EMAIL_CONFIGURED)

    def clean(self) -> dict[str, Any]:
        if not settings.EMAIL_CONFIGURED:
            raise ValidationError(NO_MAIL)
        return self.cleaned_data
