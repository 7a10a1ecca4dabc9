"""Groups of people: a class, a cohort. Who is in one reads what is shared with it."""

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Group, Membership, User, normalise_email
from core.errors import Conflict, Invalid, NotFound
from core.rights import require_admin


def groups(*, actor: User, search: str = "") -> QuerySet[Group]:
    """With `member_count`, ordered by name; `search` in names and in members' addresses."""
    require_admin(actor)
    found = Group.objects.all()
    if search:
        member = Membership.objects.filter(user__email__icontains=search)
        found = found.filter(Q(name__icontains=search) | Q(id__in=member.values("group")))
    return found.annotate(member_count=Count("memberships")).order_by("name", "id")


def group(*, actor: User, group_id: UUID) -> Group:
    found = groups(actor=actor).filter(pk=group_id).first()
    if found is None:
        raise NotFound
    return found


def locked(*, actor: User, group_id: UUID) -> Group:
    """The group, held until the transaction ends: for changes that depend on who is in it."""
    require_admin(actor)
    found = Group.objects.select_for_update().filter(pk=group_id).first()
    if found is None:
        raise NotFound
    return found


def members(*, actor: User, group_id: UUID) -> QuerySet[User]:
    """Ordered by name."""
    found = group(actor=actor, group_id=group_id)
    return User.objects.filter(memberships__group=found).order_by("full_name", "email")


def memberships(*, actor: User, group_id: UUID) -> QuerySet[Membership]:
    """With their people, ordered by name."""
    found = group(actor=actor, group_id=group_id)
    rows = Membership.objects.filter(group=found).select_related("user")
    return rows.order_by("user__full_name", "user__email")


def create_group(*, actor: User, name: str, description: str = "") -> Group:
    require_admin(actor)
    return _saved(Group(name=name, description=description))


def update_group(*, actor: User, group_id: UUID, **fields: str) -> Group:
    """Change name or description."""
    found = group(actor=actor, group_id=group_id)
    for name in ("name", "description"):
        setattr(found, name, fields.get(name, getattr(found, name)))
    return _saved(found)


def delete_group(*, actor: User, group_id: UUID) -> None:
    """Its members stay; what was open to them through the group closes."""
    group(actor=actor, group_id=group_id).delete()


def add_members(*, actor: User, group_id: UUID, emails: Iterable[str]) -> int:
    """How many are new. Raises Invalid, and adds nobody, when an address has no account."""
    found = group(actor=actor, group_id=group_id)
    wanted = {normalise_email(email) for email in emails}
    people = list(User.objects.filter(email__in=wanted))
    if missing := sorted(wanted - {person.email for person in people}):
        raise Invalid(
            _("Nobody has an account with %(emails)s.") % {"emails": ", ".join(missing[:20])},
            code="unknown_people",
            extra={"unknown": missing},
        )
    before = found.memberships.count()
    rows = [Membership(group=found, user=person) for person in people]
    Membership.objects.bulk_create(rows, ignore_conflicts=True)
    return found.memberships.count() - before


def remove_member(*, actor: User, group_id: UUID, user_id: UUID) -> None:
    found = group(actor=actor, group_id=group_id)
    if not found.memberships.filter(user_id=user_id).delete()[0]:
        raise NotFound


def _saved(changed: Group) -> Group:
    try:
        with transaction.atomic():
            changed.save()
    except IntegrityError as error:
        raise Conflict(_("There is a group with this name already."), code="name_taken") from error
    return changed
