"""Letters to people about their accounts, and the links in them."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import User


def link(user: User, origin: str) -> str:
    """Where `user` chooses a password without knowing an old one.

    The login library's own link for a forgotten password: it ends when it is used, with a new
    password, with another address, and after PASSWORD_RESET_TIMEOUT.
    """
    parts: dict[str, Any] = {
        "uidb36": user_pk_to_url_str(user),
        "key": default_token_generator.make_token(user),
    }
    return origin.rstrip("/") + reverse("account_reset_password_from_key", kwargs=parts)


def invite(user: User, origin: str) -> None:
    """Send the link, in the person's language where it is known."""
    days = settings.PASSWORD_RESET_TIMEOUT // 86_400
    said = {"user": user, "link": link(user, origin), "origin": origin, "days": days}
    with translation.override(user.language or settings.LANGUAGE_CODE):
        subject = render_to_string("account/email/invitation_subject.txt", said)
        text = render_to_string("account/email/invitation_message.txt", said)
    prefix = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX
    send_mail(prefix + " ".join(subject.split()), text, None, [user.email])
