"""Asking for an archive of one's own data, and taking it away again."""

import uuid
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import tasks
from chat.models import DataExport
from chat.mydata import work
from core.errors import Conflict, NotFound


def exports(user: User) -> QuerySet[DataExport]:
    """Mine, the newest first."""
    return DataExport.objects.filter(user=user).order_by("-created_at", "-id")


def export(user: User, export_id: uuid.UUID) -> DataExport:
    found = exports(user).filter(pk=export_id).first()
    if found is None:
        raise NotFound
    return found


def ask(*, actor: User) -> DataExport:
    """The archive that is under way, or a new one in place of the one before."""
    under_way = exports(actor).filter(status__in=["WAITING", "RUNNING"])
    try:
        with transaction.atomic():
            for earlier in exports(actor).filter(status__in=["READY", "FAILED"]):
                _drop(earlier)
            made = DataExport.objects.create(user=actor)
    except IntegrityError:
        found = under_way.first()
        if found is None:  # it ended this moment
            raise Conflict from None
        return found
    transaction.on_commit(partial(tasks.ask_for_export, made.pk))
    return made


def remove(*, actor: User, export_id: uuid.UUID) -> None:
    """Also one that is being written: its worker notices."""
    with transaction.atomic():
        _drop(export(actor, export_id))


def _drop(row: DataExport) -> None:
    path = work.path_of(row) if row.filename else None
    row.delete()
    if path is not None:
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def ready(user: User, export_id: uuid.UUID) -> DataExport:
    """One whose file can be sent. Raises NotFound, and Conflict while it is not there yet."""
    found = export(user, export_id)
    if found.status != DataExport.Status.READY:
        raise Conflict(_("The archive is not ready yet. Wait a moment."), code="not_ready")
    over = found.expires_at is not None and found.expires_at <= timezone.now()
    if over or not work.path_of(found).is_file():
        raise NotFound
    return found
