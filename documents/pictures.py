"""Pictures of chats: brought, kept in the storage of originals, given back, cleared away."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import NotFound, TooLarge
from documents import names, quota, recording, storage, uploads
from documents.ingest.redrawing import media_type, redraw
from documents.models import Collection, Picture
from documents.remote import StorageFailed

__all__ = ["media_type"]

LARGEST = 10 * 1024 * 1024
# One that no question took is taken back after this long.
OFFERED = timedelta(days=1)
ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}


def too_large() -> TooLarge:
    return TooLarge(_("This picture is larger than 10 MB. Make it smaller, or cut out a part."))


class PictureUpload(uploads.StreamingUpload):
    """As any file on its way in, but no larger than a picture may be."""

    def most(self) -> int:
        return LARGEST

    def too_large(self) -> TooLarge:
        return too_large()


def bring(
    *, actor: User, collection: Collection, name: str, content: bytes
) -> tuple[Picture, bool]:
    """(the picture, whether it is a new one): the same bytes in one collection are one picture.

    The caller has checked that the actor may add to the collection. Raises Invalid, TooLarge (see
    `quota`, too), Unavailable, NotFound.
    """
    if len(content) > LARGEST:
        raise too_large()
    digest = hashlib.sha256(content).hexdigest()
    known = collection.pictures.filter(sha256=digest).first()
    if known is not None:
        return known, False
    drawn, incoming = redraw(content), storage.Incoming()
    fields = {
        "owner": actor,
        "name": names.clean(name)[:255],
        "sha256": digest,
        "media_type": drawn.media_type,
        "width": drawn.width,
        "height": drawn.height,
        "file_size": len(drawn.content),
    }
    try:
        with storage.told_when_full():
            incoming.write(drawn.content)
        return _recorded(actor, collection, incoming, fields)
    finally:
        incoming.discard()


@transaction.atomic
def _recorded(
    actor: User, collection: Collection, incoming: storage.Incoming, fields: dict[str, Any]
) -> tuple[Picture, bool]:
    recording.stay(collection)
    quota.hold(actor)
    quota.admit(actor, files=1, size=incoming.size)
    with storage.told_when_full():
        filename = incoming.keep()
    try:
        with transaction.atomic():
            made = Picture.objects.create(collection=collection, filename=filename, **fields)
    except IntegrityError:  # the same picture at the same moment: the other one was first
        storage.remove(filename)
        return Picture.objects.get(collection=collection, sha256=fields["sha256"]), False
    return made, True


def take(collection_id: UUID | None, ids: Iterable[UUID]) -> list[Picture]:
    """Pictures of a collection that a question has from now on, in the order named.

    Inside the transaction that keeps the question. Raises NotFound when one of them is not there.
    """
    wanted = list(ids)
    offered = Picture.objects.filter(collection=collection_id, pk__in=wanted).select_for_update()
    found = {picture.pk: picture for picture in offered.order_by("pk")}
    if collection_id is None or len(found) < len(set(wanted)):
        raise NotFound
    Picture.objects.filter(pk__in=wanted).update(is_used=True)
    return [found[pk] for pk in dict.fromkeys(wanted)]


def content(picture: Picture) -> bytes:
    """Raises NotFound when the file is gone, Unavailable when its storage does not answer."""
    try:
        return storage.local(picture.filename).read_bytes()
    except FileNotFoundError as error:
        raise NotFound from error
    except StorageFailed as error:
        raise storage.out_of_reach() from error


def respond(picture: Picture, if_none_match: str = "") -> HttpResponse:
    """The picture to be looked at; the caller has checked that the asker may see it."""
    etag = f'"{picture.pk}"'
    if if_none_match.removeprefix("W/") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(content(picture))
    answer["Content-Type"] = picture.media_type
    answer["Content-Disposition"] = content_disposition_header(False, file_name(picture)) or ""
    # Drawn by us, and still never to be taken for a page of ours.
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, no-cache"
    answer["ETag"] = etag
    return answer


def file_name(picture: Picture) -> str:
    """Its name with the ending of what it is now."""
    stem = picture.name.rpartition(".")[0] or picture.name
    return f"{stem}.{ENDINGS[picture.media_type]}"


def remove_all(pictures: QuerySet[Picture]) -> int:
    """Rows now, files after the commit; how many."""
    gone = list(pictures.select_for_update().order_by("pk").values_list("pk", "filename"))
    Picture.objects.filter(pk__in=[pk for pk, _filename in gone]).delete()
    for _pk, filename in gone:
        transaction.on_commit(lambda name=filename: storage.remove(name))  # type: ignore[misc]
    return len(gone)


@transaction.atomic
def sweep() -> int:
    """Take back what was offered and never asked about."""
    return remove_all(Picture.objects.filter(is_used=False, created_at__lt=Now() - OFFERED))
