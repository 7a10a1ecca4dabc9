"""Settings that are fine to try Lontar out and unsafe once others use it."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from documents.checks import role_is_subject_to_row_security

SHORTEST_KEY = 50  # characters, as Django's own check asks for


@dataclass(frozen=True, slots=True)
class Trouble:
    said: str
    remedy: str


def troubles() -> Iterator[Trouble]:
    """Each with what to do; one query, for the rights of the database role."""
    if settings.DEBUG:
        said = _("DEBUG is on: errors show the code and settings to everybody.")
        yield Trouble(said, _("Take DEBUG out of the environment."))
    if len(settings.SECRET_KEY) < SHORTEST_KEY or len(set(settings.SECRET_KEY)) < 5:
        said = _("SECRET_KEY is so short that sessions could be forged.")
        yield Trouble(said, _("Set one of 50 random characters; everybody logs in again."))
    if "*" in settings.ALLOWED_HOSTS:
        said = _("ALLOWED_HOSTS takes any name: links in letters can be turned elsewhere.")
        yield Trouble(said, _("Name the hosts people use."))
    if not settings.FIELD_ENCRYPTION_KEYS:
        said = _("FIELD_ENCRYPTION_KEYS is empty: keys cannot be stored, nor second factors used.")
        yield Trouble(said, _("Make one with manage.py rotate_keys --new-key and set it."))
    if not settings.SERVED_BY_TLS and not _stays_here():
        said = _("Passwords travel unencrypted: other machines may come in, and without TLS.")
        yield Trouble(said, _("Put a proxy with TLS in front and set CSRF_TRUSTED_ORIGINS."))
    if settings.SUPERADMIN_PASSWORD:
        said = _("SUPERADMIN_PASSWORD is still in the environment, for others to read there.")
        yield Trouble(said, _("Take it out: it is used at the first start only."))
    if role_is_subject_to_row_security(databases=["default"]):
        said = _("The database role is above row-level security, the second wall between people.")
        yield Trouble(said, _("Connect as a plain role: nosuperuser nobypassrls."))


def _stays_here() -> bool:
    """Whether only this machine can connect."""
    if settings.HOST == "localhost":
        return True
    try:
        return ipaddress.ip_address(settings.HOST).is_loopback
    except ValueError:
        return False
