"""Class reading: lecturers read the chats their class was told they would read, and no others.

What is open is decided when a chat begins, from what its student was shown then; that a lecturer
is still one, and the student still in the class, is asked at every reading.
"""

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Group, Membership, User
from chat.models import ChatReading, ClassReading, OpenToClass, Session
from core.errors import Forbidden, Invalid, NotFound


def in_force(user: User, assistant_id: uuid.UUID | None) -> QuerySet[ClassReading]:
    """Who would read a chat that the user begins now with an assistant; nobody without one."""
    if assistant_id is None:
        return ClassReading.objects.none()
    return _lasting().filter(group__memberships__user=user, group__assistants=assistant_id)


def _lasting() -> QuerySet[ClassReading]:
    lecturers = ClassReading.objects.filter(
        ended_at=None,
        lecturer__is_active=True,
        lecturer__role__in=[User.Role.ADMIN, User.Role.SUPERADMIN],
    )
    return lecturers.select_related("group", "lecturer").order_by("group__name", "began_at")


def begin(session: Session) -> None:
    """Keep who reads a chat that begins now."""
    if session.assistant_id is not None:
        readings = in_force(session.user, session.assistant_id)
        rows = [OpenToClass(session=session, reading=reading) for reading in readings]
        OpenToClass.objects.bulk_create(rows)


def readers_of(session: Session) -> QuerySet[ClassReading]:
    """Who reads a chat now."""
    still_member = Membership.objects.filter(group=OuterRef("group"), user=session.user_id)
    return _lasting().filter(Exists(still_member), opened__session=session)


def classes(actor: User) -> QuerySet[ClassReading]:
    """The actor's readings of classes, each with `chats`, how many are open to it."""
    member = Membership.objects.filter(
        group=OuterRef("reading__group"), user=OuterRef("session__user")
    )
    opened = OpenToClass.objects.filter(Exists(member), reading=OuterRef("pk")).order_by()
    number = opened.values("reading").annotate(number=Count("pk")).values("number")
    counted = Coalesce(Subquery(number, output_field=IntegerField()), 0)
    return _lasting().filter(lecturer=actor).annotate(chats=counted)


def class_chats(actor: User, group_id: uuid.UUID, search: str = "") -> QuerySet[Session]:
    """The chats of a class that the actor reads; NotFound where the actor reads none of it.

    `search`: each of its words stands in the title or in the student's name.
    """
    mine = _lasting().filter(group=group_id, lecturer=actor)
    if not mine.exists():
        raise NotFound
    opened = OpenToClass.objects.filter(session=OuterRef("pk"), reading__in=mine)
    member = Membership.objects.filter(group=group_id, user=OuterRef("user"))
    found = Session.objects.filter(Exists(opened), Exists(member))
    for word in search.split()[:10]:
        found = found.filter(Q(title__icontains=word) | Q(user__full_name__icontains=word))
    return found.select_related("model", "assistant_version", "user").order_by("-updated_at")


@transaction.atomic
def read(*, actor: User, group_id: uuid.UUID, session_id: uuid.UUID) -> Session:
    """A chat of the class, and that it was read."""
    session = class_chats(actor, group_id).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    note(reader=actor, session=session, group=Group.objects.get(pk=group_id))
    return session


def note(*, reader: User, session: Session, group: Group | None = None) -> None:
    """Keep that somebody else opened a chat, for its student to see."""
    if reader.pk == session.user_id:
        return
    ChatReading.objects.create(
        session=session,
        reader=reader,
        reader_name=reader.get_full_name(),
        group_name=group.name if group else "",
    )


def readings_of_mine(user: User) -> QuerySet[ChatReading]:
    """Who opened my chats, the latest first."""
    mine = ChatReading.objects.filter(session__user=user)
    return mine.select_related("session").order_by("-read_at", "-id")


def lecturers(actor: User, group_id: uuid.UUID) -> QuerySet[ClassReading]:
    """Who reads a class now. For admins."""
    if not (actor.is_active and actor.is_admin):
        raise Forbidden
    if not Group.objects.filter(pk=group_id).exists():
        raise NotFound
    return _lasting().filter(group=group_id)


@transaction.atomic
def set_lecturers(
    *, actor: User, group_id: uuid.UUID, lecturer_ids: Iterable[uuid.UUID]
) -> QuerySet[ClassReading]:
    """Who reads the class from now on: only chats that begin from now on are open to the new ones.

    Raises Invalid, and changes nothing, for who is no active admin.
    """
    now = lecturers(actor, group_id)
    wanted = set(lecturer_ids)
    admins = User.objects.filter(
        pk__in=wanted, is_active=True, role__in=[User.Role.ADMIN, User.Role.SUPERADMIN]
    )
    if admins.count() != len(wanted):
        raise Invalid(
            _("Only active administrators can read the chats of a class."), code="not_a_lecturer"
        )
    Group.objects.select_for_update().get(pk=group_id)
    ClassReading.objects.filter(group=group_id, ended_at=None).exclude(lecturer__in=wanted).update(
        ended_at=timezone.now()
    )
    there = set(now.values_list("lecturer", flat=True))
    ClassReading.objects.bulk_create(
        ClassReading(group_id=group_id, lecturer_id=pk) for pk in wanted - there
    )
    return now.all()
