"""The forms of people in the Django admin: no two accounts have one address."""

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.utils.translation import gettext as _

from accounts import recovery
from accounts.models import User, normalise_email


class AddUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "full_name"]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("There already is an account with this email address."))
        return email


class ChangeUserForm(UserChangeForm):
    def clean_email(self) -> str:
        email = normalise_email(self.cleaned_data["email"])
        if recovery.is_taken(email, self.instance):
            raise forms.ValidationError(_("There already is an account with this email address."))
        return email
