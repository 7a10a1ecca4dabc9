"""What a person has uploaded and whether more may come: asked before bytes are stored and after."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import TooLarge
from documents.models import Document, Picture
from documents.quota_models import UploadQuota

LOCK_CLASS = 7_203_203


@dataclass(frozen=True)
class Use:
    """Files and bytes; a limit is None where there is none."""

    files: int
    bytes: int
    files_limit: int | None
    bytes_limit: int | None

    @property
    def room(self) -> int | None:
        return None if self.bytes_limit is None else max(0, self.bytes_limit - self.bytes)


def of(user: User) -> Use:
    """With the pictures of chats. Files that were refused at the door are not kept, nor counted."""
    kept = Document.objects.filter(owner=user).exclude(
        Q(status=Document.Status.FAILED) & Q(filename="")
    )
    used = kept.aggregate(files=Count("id"), bytes=Sum("file_size", default=0))
    drawn = Picture.objects.filter(owner=user).aggregate(
        files=Count("id"), bytes=Sum("file_size", default=0)
    )
    limits = UploadQuota.objects.filter(id=1).first() or UploadQuota()
    free = user.is_admin
    return Use(
        files=used["files"] + drawn["files"],
        bytes=used["bytes"] + drawn["bytes"],
        files_limit=None if free or not limits.files else limits.files,
        bytes_limit=None if free or not limits.megabytes else limits.megabytes * 1_000_000,
    )


def admit(user: User, *, files: int, size: int) -> Use:
    """Raises TooLarge when so many more files of so many bytes together do not fit.

    For whoever stores several at once (the members of a ZIP) before the first of them, too.
    """
    use = of(user)
    if use.files_limit is not None and use.files + files > use.files_limit:
        raise TooLarge(
            _(
                "You have %(used)s of %(limit)s files. Delete some that you no longer need, or ask "
                "an administrator for more room."
            )
            % {"used": number_format(use.files), "limit": number_format(use.files_limit)},
            code="quota_files",
        )
    if use.room is not None and size > use.room:
        raise full(use)
    return use


def full(use: Use) -> TooLarge:
    return TooLarge(
        _(
            "There is not enough room for this: %(used)s of your %(limit)s are used. Delete files "
            "that you no longer need, or ask an administrator for more room."
        )
        % {"used": _size(use.bytes), "limit": _size(use.bytes_limit or 0)},
        code="quota_bytes",
    )


def hold(user: User) -> None:
    """Until the end of this transaction, no other upload of this person is admitted."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_CLASS, user.id.hex])


def _size(count: int) -> str:
    """As static/js/lib.js says it: 1 MB is 1,000,000 bytes."""
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= bytes_:
            text = number_format(count / bytes_, decimal_pos=1)
            return f"{text.removesuffix('.0').removesuffix(',0')} {unit}"
    return f"{count} B"
