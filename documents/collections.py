"""Changing collections: make, rename, share, delete. Who may is decided here."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts.models import Group, User, normalise_email
from core.errors import Conflict, Forbidden, Invalid
from documents import pictures, placing, queries
from documents.collection_models import share_rows
from documents.models import Collection, Document, Picture, Share
from documents.removing import remove

Kind = Collection.Kind
# Stored in English, shown in the reader's language (Collection.label).
DEFAULT_NAME = gettext_noop("Course material")
PERSONAL_NAME = gettext_noop("My documents")
MOST_PEOPLE = 200


def default_collection() -> Collection:
    """The one every signed-in user may read; made when it is first asked for."""
    found, _created = Collection.objects.get_or_create(
        kind=Kind.DEFAULT, defaults={"name": DEFAULT_NAME, "is_open": True}
    )
    return found


def chosen(actor: User, collection_id: UUID | None) -> Collection:
    """The one that was named, else the default one. Raises NotFound."""
    return queries.collection(actor, collection_id) if collection_id else default_collection()


def personal_collection(user: User) -> Collection:
    """A user's own, read by nobody else but admins; made when it is first asked for."""
    found, _created = Collection.objects.get_or_create(
        kind=Kind.PERSONAL, owner=user, defaults={"name": PERSONAL_NAME}
    )
    return found


def chat_collection(owner: User, title: str) -> Collection:
    """A new one for the files of one chat, which keeps its id; they are found in that chat only."""
    return Collection.objects.create(kind=Kind.CHAT, owner=owner, name=title)


def name_chat_collection(collection_id: UUID, title: str) -> None:
    """After the chat, which may have got another title."""
    named = Collection.objects.filter(id=collection_id, kind=Kind.CHAT)
    named.exclude(name=title).update(name=title)


def create_collection(*, actor: User, name: str, **fields: Any) -> Collection:
    """A collection of the actor's own; `fields` as in update_collection."""
    with transaction.atomic():
        made = Collection.objects.create(
            name=name, description=fields.pop("description", ""), owner=actor
        )
        return _changed(actor, made, fields)


def update_collection(*, actor: User, collection_id: UUID | str, **fields: Any) -> Collection:
    """Change name, description, is_open, groups (ids) or users (addresses); owner or admin.

    The lists replace what was there. Raises NotFound, Forbidden, Invalid, Conflict.
    """
    found = _managed(actor, collection_id)
    with transaction.atomic():
        return _changed(actor, found, fields)


def leave_collection(*, actor: User, collection_id: UUID | str) -> None:
    """Give up what somebody shared with the actor by address; harmless where nothing was."""
    found = queries.collection(actor, collection_id)
    Share.objects.filter(collection=found, user=actor).delete()


def delete_collection(*, actor: User, collection_id: UUID | str, documents: str = "") -> None:
    """Remove a collection.

    `documents` says what becomes of its files: "delete", or "keep", which gives each back to the
    personal collection of whoever uploaded it. Raises Conflict where files are in it and nothing
    was said, and for the default collection.
    """
    found = _managed(actor, collection_id)
    if found.kind == Kind.DEFAULT:
        raise Conflict(_("The default collection cannot be deleted."), code="default_collection")
    with transaction.atomic():
        _empty(found, documents)
        # Locked after its documents, as by whoever stores one. From here on no file comes in
        # (recording.py); what came a moment ago is there now.
        if Collection.objects.select_for_update().filter(pk=found.pk).exists():
            _empty(found, documents)
            found.delete()


def _empty(leaving: Collection, documents: str) -> None:
    """Pictures belong to the chat alone: there is nowhere else to give them to."""
    locked = leaving.documents.select_for_update().select_related("owner").order_by("id")
    found = list(locked)
    if found and documents not in ("delete", "keep"):
        raise Conflict(
            _what_of_the_files(len(found)), code="not_empty", extra={"documents": len(found)}
        )
    for document in found:
        if documents == "keep" and _give_back(document, leaving):
            continue
        remove(document)
    pictures.remove_all(Picture.objects.filter(collection=leaving))


def _what_of_the_files(count: int) -> str:
    text = ngettext(
        "%d file is in this collection. Say documents=delete to delete it too, or documents=keep "
        "to give it back to whoever uploaded it.",
        "%d files are in this collection. Say documents=delete to delete them too, or "
        "documents=keep to give each back to whoever uploaded it.",
        count,
    )
    return text % count


def _give_back(document: Document, leaving: Collection) -> bool:
    """False where the uploader has the same file already: then this copy may go."""
    target = personal_collection(document.owner)
    if target == leaving:
        raise Conflict(_("Your own documents have nowhere else to go. Move them first."))
    if target.documents.filter(sha256=document.sha256).exists():
        return False
    placing.put(document, target)
    return True


def _managed(actor: User, collection_id: UUID | str) -> Collection:
    found = queries.collection(actor, collection_id)
    if not found.is_managed_by(actor):
        raise Forbidden(_("Only its owner or an administrator can change this collection."))
    return found


def _changed(actor: User, collection: Collection, fields: dict[str, Any]) -> Collection:
    if fields.get("is_open", collection.is_open) != collection.is_open and not actor.is_admin:
        raise Forbidden(_("Only administrators can open a collection to everybody."))
    if fields.get("is_open") and not collection.is_shareable:
        raise _not_shareable()
    plain = [name for name in ("name", "description", "is_open") if name in fields]
    for name in plain:
        setattr(collection, name, fields[name])
    if plain:
        collection.save(update_fields=plain)
    if "groups" in fields:
        _share_with_groups(actor, collection, fields["groups"])
    if "users" in fields:
        _share_with_people(actor, collection, fields["users"])
    return collection


def _share_with_groups(actor: User, collection: Collection, ids: Iterable[UUID]) -> None:
    wanted, now = set(ids), set(collection.groups.values_list("id", flat=True))
    if wanted - now:
        _may_share(actor, collection, "groups")
    # A group one is not in looks like one that does not exist.
    known = Group.objects.all() if actor.is_admin else Group.objects.filter(members=actor)
    fresh = known.filter(id__in=wanted - now)
    if len(fresh) < len(wanted - now):
        raise Invalid(_("Choose from your own groups."), code="unknown_group")
    collection.groups.set([*fresh, *(wanted & now)])


def _share_with_people(actor: User, collection: Collection, emails: Iterable[str]) -> None:
    """Every address is taken, known or not: nobody learns here who has an account."""
    wanted = {normalise_email(email) for email in emails}
    if len(wanted) > MOST_PEOPLE:
        raise Invalid(
            _("A collection can be shared with %d people. Ask for a group instead.") % MOST_PEOPLE,
            code="too_many_people",
        )
    rows = {row.email: row for row in collection.shares.all()}
    if wanted - rows.keys():
        _may_share(actor, collection, "people")
    collection.shares.exclude(email__in=wanted).delete()
    # Addresses without an account are looked up again: there may be one by now.
    stale = [email for email in sorted(wanted) if email not in rows or rows[email].user_id is None]
    Share.objects.bulk_create(
        share_rows(collection.pk, stale),
        update_conflicts=True,
        update_fields=["user"],
        unique_fields=["collection", "email"],
    )


def _may_share(actor: User, collection: Collection, whom: str) -> None:
    if not collection.is_shareable:
        raise _not_shareable()
    allowed = {"people": ["people"], "groups": ["people", "groups"]}
    if not actor.is_admin and whom not in allowed.get(settings.STUDENT_SHARING, []):
        raise Forbidden(
            _("Students cannot share with groups here. Ask your lecturer.")
            if whom == "groups"
            else _("Students cannot share here. Ask your lecturer."),
            code="sharing_off",
        )


def _not_shareable() -> Conflict:
    return Conflict(
        _("Make a collection for what you want to share, and move the files there."),
        code="not_shareable",
    )
