"""A class list put into a group: looked at first, and applied as it was looked at."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import groups, invitations
from accounts.models import Group, Membership, User
from accounts.roster import reading
from accounts.roster.reading import Remark, Row
from core.errors import AppError, Conflict, Invalid


@dataclass(frozen=True)
class Choice:
    """`replace`: who is not in the table leaves. `create`: unknown people get an account."""

    replace: bool = False
    create: bool = True


@dataclass
class Plan:
    """What a table would do to a group."""

    joining: list[User] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)
    present: list[User] = field(default_factory=list)
    leaving: list[User] = field(default_factory=list)
    bad: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    # Names this plan: the same table to a group that has changed since makes another one.
    fingerprint: str = ""


@dataclass(frozen=True)
class Outcome:
    """`people` are the new accounts: none has a password yet."""

    added: int
    removed: int
    people: list[User]
    plan: Plan


class Changed(Conflict):
    code = "roster_changed"
    message = _("The group or the accounts have changed since you looked. Look at the list again.")


def preview(*, actor: User, group_id: UUID, data: bytes, choice: Choice) -> Plan:
    """What applying would do. Raises Invalid and TooLarge for what is no table of people."""
    return _plan(groups.group(actor=actor, group_id=group_id), reading.read(data), choice)


def apply(*, actor: User, group_id: UUID, data: bytes, choice: Choice, fingerprint: str) -> Outcome:
    """All of a plan that was looked at, or nothing. Raises Changed when it would be another now."""
    table = reading.read(data)
    with transaction.atomic():
        # Two lists for one group at the same moment: the second one sees what the first has done.
        group = groups.locked(actor=actor, group_id=group_id)
        plan = _plan(group, table, choice)
        if plan.fingerprint != fingerprint:
            raise Changed
        _require_no_loss(plan)
        people = [_account(row) for row in plan.new]
        rows = [Membership(group=group, user=person) for person in [*plan.joining, *people]]
        Membership.objects.bulk_create(rows, ignore_conflicts=True)
        group.memberships.filter(user__in=plan.leaving).delete()
    return Outcome(len(rows), len(plan.leaving), people, plan)


def _require_no_loss(plan: Plan) -> None:
    if plan.bad and plan.leaving:
        raise Invalid(
            _(
                "Correct the lines that cannot be read first: with them left out, people who "
                "stand there would leave the group."
            ),
            code="bad_lines",
        )


def _account(row: Row) -> User:
    try:
        return invitations.account(email=row.email, full_name=row.full_name)
    except AppError as error:
        # Somebody signed up with this address a moment ago.
        raise Changed from error


def _plan(group: Group, table: reading.Table, choice: Choice) -> Plan:
    known = {
        person.email: person
        for person in User.objects.filter(email__in=[row.email for row in table.rows])
    }
    members = {person.email: person for person in group.members.order_by("full_name", "email")}
    listed = {row.email for row in table.rows}
    plan = Plan(bad=list(table.bad), notes=_notes(table.unread))
    for row in table.rows:
        person = known.get(row.email)
        if person is None and choice.create:
            plan.new.append(row)
        elif person is None:
            plan.bad.append(Remark(row.line, _no_account(row.email)))
        elif row.email in members:
            plan.present.append(person)
        else:
            plan.joining.append(person)
        if person is not None and not person.is_active:
            text = _("The account of %(email)s is switched off, and stays so.")
            plan.notes.append(Remark(row.line, text % {"email": row.email}))
    if choice.replace:
        plan.leaving = [person for email, person in members.items() if email not in listed]
    plan.bad.sort(key=lambda remark: remark.line)
    plan.fingerprint = _fingerprint(group, plan, choice)
    return plan


def _no_account(email: str) -> str:
    return _("Nobody has an account with %(emails)s.") % {"emails": email}


def _notes(unread: list[str]) -> list[Remark]:
    if not unread:
        return []
    names = ", ".join(reading.short(name) for name in unread)
    text = _("These columns are not read: %(names)s. A list changes no roles and no names.")
    return [Remark(1, text % {"names": names})]


def _fingerprint(group: Group, plan: Plan, choice: Choice) -> str:
    parts: list[Any] = [str(group.pk), choice.replace, choice.create]
    for people in (plan.joining, plan.present, plan.leaving):
        parts.append(sorted(str(person.pk) for person in people))
    parts.append([[row.line, row.email, row.full_name] for row in plan.new])
    parts.append([remark.line for remark in plan.bad])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
