"""Making and changing assistants, and saying whom they are open to: for admins."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Group, User, normalise_email
from chat.assistants import choices
from chat.assistants.models import WRITTEN, Assistant, AssistantVersion
from core.errors import Conflict, Invalid, NotFound
from core.rights import require_admin
from core.rows import row_of
from documents.collections import update_collection
from documents.models import Collection

FIELDS = ("name", "description", "model_id", "fallbacks", "prompt_id", "collections", "tools")


def create_assistant(*, actor: User, **fields: Any) -> Assistant:
    """`fields` as in update_assistant and set_access."""
    require_admin(actor)
    access = {name: fields.pop(name) for name in ("groups", "users") if name in fields}
    with transaction.atomic():
        made = _written(Assistant(created_by=actor), fields, actor)
        if access:
            _open_to(made, **access)
    return made


def update_assistant(
    *, actor: User, assistant_id: UUID, version: int | None = None, **fields: Any
) -> Assistant:
    """Change what is named: FIELDS, is_active, is_open.

    `version` is the number of the version that was read: where somebody has written another one
    since, this raises Conflict (code changed_meanwhile) and changes nothing. Raises Invalid for
    models, prompts, collections and tools that are not there.
    """
    with transaction.atomic():
        found = locked(actor, assistant_id)
        require_unchanged(found, version)
        return _written(found, fields, actor)


def require_unchanged(found: Assistant, version: int | None) -> None:
    if version is not None and version != found.version:
        raise Conflict(
            _("Somebody else has changed this assistant meanwhile. Look at it again first."),
            code="changed_meanwhile",
            extra={"version": found.version},
        )


def set_access(
    *,
    actor: User,
    assistant_id: UUID,
    is_open: bool | None = None,
    groups: Iterable[UUID] | None = None,
    users: Iterable[str] | None = None,
    open_collections: bool = False,
) -> Assistant:
    """Whom it is open to; each list (ids of groups, addresses or ids of people) replaces the one
    before. `open_collections` shares its collections with the same groups and people."""
    with transaction.atomic():
        found = locked(actor, assistant_id)
        found.is_open = found.is_open if is_open is None else is_open
        # Whoever has the page open is to notice lists that became others, too.
        found.save(update_fields=["is_open", "updated_at"])
        _open_to(found, groups, users)
        if open_collections:
            _open_collections(actor, found)
    return found


def delete_assistant(*, actor: User, assistant_id: UUID) -> None:
    """Delete it, or archive it when chats were held with it: they are kept with what they had."""
    with transaction.atomic():
        found = locked(actor, assistant_id)
        try:
            with transaction.atomic():
                found.delete()
        except ProtectedError:
            Assistant.objects.filter(pk=assistant_id).update(archived_at=timezone.now())


def unarchive_assistant(*, actor: User, assistant_id: UUID) -> Assistant:
    """As it was, for whom it was open to; one that is not archived stays so. Raises Conflict (code
    name_taken) while another one has its name."""
    require_admin(actor)
    with transaction.atomic():
        found = row_of(Assistant.objects.select_for_update(), assistant_id)
        found.archived_at = None
        _save(found)
    return found


def locked(actor: User, assistant_id: UUID) -> Assistant:
    require_admin(actor)
    found = Assistant.objects.current().select_for_update().filter(pk=assistant_id).first()
    if found is None:
        raise NotFound
    return found


def _written(changed: Assistant, fields: dict[str, Any], writer: User) -> Assistant:
    fields = dict(fields)
    for name in ("is_active", "is_open"):
        setattr(changed, name, fields.pop(name, getattr(changed, name)))
    unknown = fields.keys() - set(FIELDS)
    if unknown:
        raise TypeError(f"An assistant has no field {', '.join(sorted(unknown))}.")
    choices.check(fields)
    for name, value in fields.items():
        setattr(changed, name, value.strip() if isinstance(value, str) else value)
    choices.check_together(changed)
    changed.labels = choices.labels(changed)
    _check(changed)
    _record(changed, writer)
    return changed


def _check(changed: Assistant) -> None:
    try:
        changed.clean_fields(exclude=["prompt"])
    except ValidationError as error:
        rows = [{"field": k, "message": " ".join(v)} for k, v in error.message_dict.items()]
        detail = rows[0]["message"] if len(rows) == 1 else _("Some fields need another value.")
        raise Invalid(detail, extra={"errors": rows}) from error


def _record(changed: Assistant, writer: User) -> None:
    """Save it, and a version of it where something was written anew. The caller holds the row's
    lock or has just made it."""
    newest = changed.versions.first() if changed.version else None
    if newest is None or any(getattr(newest, name) != getattr(changed, name) for name in WRITTEN):
        changed.version += 1
        newest = None
    _save(changed)
    if newest is None:
        AssistantVersion.objects.create(
            assistant=changed,
            number=changed.version,
            created_by=writer,
            **{name: getattr(changed, name) for name in WRITTEN},
        )


def _save(changed: Assistant) -> None:
    try:
        with transaction.atomic():
            changed.save()
    except IntegrityError as error:
        sentence = _("There is an assistant with this name already. Choose another name.")
        raise Conflict(sentence, code="name_taken") from error


def _open_to(
    found: Assistant,
    groups: Iterable[UUID] | None = None,
    users: Iterable[str] | None = None,
) -> None:
    if groups is not None:
        wanted = set(groups)
        known = Group.objects.filter(pk__in=wanted)
        if len(known) < len(wanted):
            raise Invalid(_("One of these groups does not exist."), code="unknown_group")
        found.groups.set(known)
    if users is not None:
        found.users.set(_people(list(users)))


def _people(named: Sequence[str]) -> list[User]:
    """Addresses, or ids."""
    ids, emails = set(), set()
    for name in named:
        try:
            ids.add(UUID(str(name)))
        except ValueError:
            emails.add(normalise_email(str(name)))
    found = [*User.objects.filter(pk__in=ids), *User.objects.filter(email__in=emails)]
    known = {str(user.pk) for user in found} | {user.email for user in found}
    missing = sorted(name for name in {*map(str, ids), *emails} if name not in known)
    if missing:
        raise Invalid(
            _("Nobody has an account with %(emails)s.") % {"emails": ", ".join(missing[:20])},
            code="unknown_people",
            extra={"unknown": missing},
        )
    return found


def _open_collections(actor: User, found: Assistant) -> None:
    """What is shared already stays shared."""
    groups = set(found.groups.values_list("pk", flat=True))
    emails = set(found.users.values_list("email", flat=True))
    for collection in Collection.objects.filter(pk__in=found.collections):
        update_collection(
            actor=actor,
            collection_id=collection.pk,
            groups=groups.union(collection.groups.values_list("pk", flat=True)),
            users=emails.union(collection.shares.values_list("email", flat=True)),
        )
