"""manage.py account EMAIL: for whoever has the machine, where nobody is above the account."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import recovery
from accounts.models import User, normalise_email
from core.errors import AppError


class Command(BaseCommand):
    help = "Change the address of an account or forget its second factors; ends all its logins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--new-email")
        parser.add_argument("--forget-second-factors", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=normalise_email(options["email"])).first()
        if user is None:
            raise CommandError(f"There is no account {options['email']}.")
        if options["forget_second_factors"]:
            gone = recovery.forget_second_factors(actor=None, user=user)
            self.stdout.write(f"{user.email}: {gone} second factors forgotten.")
        if options["new_email"]:
            self._rename(user, options["new_email"])

    def _rename(self, user: User, email: str) -> None:
        before = user.email
        try:
            validate_email(email)
            recovery.set_email(actor=None, user=user, email=email)
        except (ValidationError, AppError) as error:
            raise CommandError(f"{email}: {' '.join(_sentences(error))}") from error
        self.stdout.write(f"{before} logs in as {user.email} from now on.")


def _sentences(error: ValidationError | AppError) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [str(error)]
