"""manage.py prepare: everything a start needs in the database and on disk. Safe at any time."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from documents.collections import default_collection
from llm.services import sync_registry
from prompts.services import ensure_default_prompt

LOCK = 7_203_001
GRANTS = {"tables": "select, insert, update, delete", "sequences": "usage, select, update"}


class Command(BaseCommand):
    help = (
        "Apply the migrations, make the first superadmin, register the models, set the default "
        "prompt and collection, and collect the static files where they changed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self._reach_database()
        with connection.cursor() as cursor:
            # Several containers may start at the same moment: one prepares, the others wait.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                self._prepare()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    def _reach_database(self) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            where = "{HOST}:{PORT}".format(**connection.settings_dict)
            raise CommandError(
                f"The database at {where} cannot be used ({' '.join(str(error).split())}). "
                "Check DATABASE_URL and that the server runs."
            ) from error

    def _prepare(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self.stdout.write(f"preparing the database ({len(plan)} migrations)")
            call_command("migrate", verbosity=0, interactive=False)
        grant_to_web()
        call_command("ensure_superadmin", stdout=self.stdout)
        sync_registry()
        ensure_default_prompt()
        default_collection()
        if not (settings.DEBUG or settings.TESTING):
            collect_static()


def grant_to_web() -> None:
    """Let the web process's own role, where there is one, read and change rows: no more."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = 'lontar_web'")
        if cursor.fetchone() is None:
            return
        for kind, rights in GRANTS.items():
            cursor.execute(f"grant {rights} on all {kind} in schema public to lontar_web")
            cursor.execute(
                f"alter default privileges in schema public grant {rights} on {kind} to lontar_web"
            )


def collect_static() -> bool:
    """Copy and hash the static files unless none changed since the last time; True when done."""
    stamp = Path(settings.STATIC_ROOT) / "collected.json"
    state = json.dumps(_static_state())
    if stamp.exists() and stamp.read_text() == state:
        return False
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(state)
    return True


def _static_state() -> list[str]:
    """Every static file with its content's digest."""
    state = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            with storage.open(path) as file:
                state.append(f"{path} {hashlib.sha256(file.read()).hexdigest()}")
    return sorted(state)
