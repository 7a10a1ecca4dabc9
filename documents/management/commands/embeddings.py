"""manage.py embeddings: see, register and change what searches are embedded with."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from core.errors import AppError
from documents import reembed, reembed_work


class Command(BaseCommand):
    help = "List embedding models, register one, change to one, cancel that, or remove one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        does = parser.add_subparsers(dest="does", required=True)
        does.add_parser("list", help="All models, and how far each is prepared.")
        register = does.add_parser("register", help="Embed one text with a model and remember it.")
        register.add_argument("provider", help='"local", or the id or kind of a provider.')
        register.add_argument("name", help="As the provider calls it.")
        register.add_argument("--dimensions", type=int, default=0)
        use = does.add_parser("use", help="Embed everything with a model, then search with it.")
        use.add_argument(
            "--here", action="store_true", help="Work in this process, and wait until it is done."
        )
        cancel = does.add_parser("cancel", help="Stop preparing a model.")
        remove = does.add_parser("remove", help="Remove a model that is not in use, with vectors.")
        for each in (use, cancel, remove):
            each.add_argument("id", type=int)

    def handle(self, *_args: Any, **options: Any) -> None:
        actor = User.objects.filter(role=User.Role.SUPERADMIN, is_active=True).first()
        if actor is None:
            raise CommandError("There is no superadmin yet: run manage.py ensure_superadmin")
        try:
            getattr(self, f"_{options['does']}")(actor, options)
        except AppError as error:
            raise CommandError(str(error)) from error

    def _list(self, actor: User, _options: Any) -> None:
        for found in reembed.standings(actor=actor):
            mark = "*" if found.model.is_current else " "
            job = f"  {found.job.status} {reembed.error_of(found.job)}" if found.job else ""
            self.stdout.write(
                f"{mark} {found.model.pk:>3} {found.model.kind} {found.model}: "
                f"{found.vectors} of {found.passages}{job}"
            )

    def _register(self, actor: User, options: Any) -> None:
        fields = {name: options[name] for name in ("provider", "name", "dimensions")}
        model, _is_new = reembed.register(actor=actor, **fields)
        self.stdout.write(f"{model.pk} {model}")

    def _use(self, actor: User, options: Any) -> None:
        job = reembed.use(actor=actor, model_id=options["id"])
        if not options["here"]:
            self.stdout.write("A worker prepares it; manage.py embeddings list says how far it is.")
            return
        while reembed_work.run(job.pk):
            job.refresh_from_db()
            self.stdout.write(f"{job.done} of {job.total}")
        job.refresh_from_db()
        self.stdout.write(f"{job.status} {reembed.error_of(job)}".strip())

    def _cancel(self, actor: User, options: Any) -> None:
        reembed.cancel(actor=actor, model_id=options["id"])

    def _remove(self, actor: User, options: Any) -> None:
        reembed.remove(actor=actor, model_id=options["id"])
