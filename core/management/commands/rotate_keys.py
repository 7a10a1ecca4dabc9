"""Encrypt every stored secret again with the first of FIELD_ENCRYPTION_KEYS."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError

from core import rotation, sealing

MOST_LINES = 20


class Command(BaseCommand):
    help = (
        "Encrypt stored secrets again with the first key of FIELD_ENCRYPTION_KEYS. Put a new key "
        "before the old ones, restart Lontar, run this, then take the old keys away. It can be "
        "stopped and run again."
    )

    # Keys that cannot be used stop everything else, but not this, which makes new ones.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--new-key", action="store_true", help="only print a fresh key")
        parser.add_argument(
            "--names", action="store_true", help="only show the names of the keys there are"
        )
        parser.add_argument("--batch-size", type=int, default=100)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        if options["names"]:
            self.stdout.write("\n".join(sealing.known()))
            return
        try:
            done = rotation.rotate(max(options["batch_size"], 1))
        except rotation.NoKey as error:
            raise CommandError(
                "FIELD_ENCRYPTION_KEYS is not set. `manage.py rotate_keys --new-key` prints a key "
                "for it."
            ) from error
        self.stdout.write(f"Encrypted again: {done}.")
        left = rotation.left()
        if left:
            raise CommandError(self._sentence(left))
        self.stdout.write("Done: no secret needs an older key any more.")

    def _sentence(self, left: list[rotation.Left]) -> str:
        lines = ["Not done. These secrets still need an older key:"]
        for one in left[:MOST_LINES]:
            why = "which is missing" if one.is_missing else "which is there"
            lines.append(f"  {one.what}: the key {one.key}, {why}")
        if len(left) > MOST_LINES:
            lines.append(f"  and {len(left) - MOST_LINES} more")
        lines.append(
            "Add the missing keys at the end of FIELD_ENCRYPTION_KEYS and run this again; what "
            "stays even so, enter again in the admin. `manage.py rotate_keys --names` names the "
            "keys there are."
        )
        return "\n".join(lines)
