"""manage.py originals: compare the stored files with the documents."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents import stock
from documents.remote import StorageFailed


class Command(BaseCommand):
    help = "Remove stored files that belong to no document, and count documents without their file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--remove", action="store_true", help="However many they are: see docs/storage.md."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            found = stock.take(remove_all=options["remove"])
        except StorageFailed as error:
            raise CommandError(f"The storage cannot be reached: {error}") from error
        self.stdout.write(
            f"{found.files} files; {found.orphans} belong to no document, {found.removed} of them "
            f"were removed; the file of {found.missing} documents is gone"
        )
