"""manage.py ensure_superadmin: run on every start; makes the first superadmin, once."""

import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import connection, transaction

from accounts.models import User, normalise_email
from accounts.services import add_user

DEFAULT_EMAIL = "admin@lontar.local"
LOCK = 7_203_002


class Command(BaseCommand):
    help = (
        "Make the superadmin from SUPERADMIN_EMAIL and SUPERADMIN_PASSWORD. Without a password "
        "one is generated and printed, this once. Does nothing when there already is one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        email = normalise_email(settings.SUPERADMIN_EMAIL)
        with transaction.atomic(), connection.cursor() as cursor:
            # Two processes may start at the same moment.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            self._ensure(email)

    def _ensure(self, email: str) -> None:
        wanted = User.objects.filter(email=email or DEFAULT_EMAIL).first()
        if wanted is None and email:
            self._create(email)
        elif wanted is not None and not wanted.is_superadmin:
            # Whoever signed up with that address is not thereby the owner of this installation.
            raise CommandError(
                f"{wanted.email} is already the account of a {wanted.role}. Set SUPERADMIN_EMAIL "
                "to another address, or delete that account first."
            )
        elif not User.objects.filter(role=User.Role.SUPERADMIN).exists():
            self._create(DEFAULT_EMAIL)

    def _create(self, email: str) -> None:
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"SUPERADMIN_EMAIL is not an email address: {email}") from error
        password = settings.SUPERADMIN_PASSWORD or secrets.token_urlsafe(12)
        user = User(email=email, full_name="Superadmin", role=User.Role.SUPERADMIN)
        add_user(user, password, verified=True)
        if settings.SUPERADMIN_PASSWORD:
            self.stdout.write(f"Superadmin {email} made with the password you set.")
        else:
            self.stdout.write(f"Superadmin {email}, password {password}  (shown only this once)")
