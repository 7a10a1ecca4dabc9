"""Collections, and the rule of who may read them: the one place where it is written down in Python.

documents/migrations/0005 says the same to PostgreSQL, as the second wall.
"""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Group, User
from core.ids import new_id


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, user: User) -> "CollectionQuerySet":
        """What `user` may read and look up: everything for admins, else as `meant_for`."""
        if user.is_admin:
            return self
        return self.filter(_read_by(user))

    def meant_for(self, user: User) -> "CollectionQuerySet":
        """What is open, the user's own or shared with the user; admins have no more than others.

        A search goes through these unless it names its collections.
        """
        return self.filter(_read_by(user))


def _read_by(user: User) -> Q:
    if not user.is_active:
        return Q(pk__in=[])
    shared = Share.objects.filter(user=user)
    grouped = Collection.groups.through.objects.filter(group__memberships__user=user)
    return (
        Q(is_open=True)
        | Q(owner=user)
        | Q(pk__in=shared.order_by().values("collection"))
        | Q(pk__in=grouped.order_by().values("collection"))
    )


class Collection(models.Model):
    class Kind(models.TextChoices):
        DEFAULT = "default", _("Default")
        PERSONAL = "personal", _("Personal")
        SHARED = "shared", _("Shared")
        CHAT = "chat", _("Files of one chat")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.SHARED)
    is_open = models.BooleanField(
        _("open"), default=False, help_text=_("Every signed-in user may read its documents.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="collections",
        verbose_name=_("owner"),
    )
    groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="collections",
        verbose_name=_("groups"),
        help_text=_("Their members may read its documents."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("collection")
        verbose_name_plural = _("collections")
        indexes = [models.Index(fields=["id"], condition=Q(is_open=True), name="collection_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind="default"), name="one_default_collection"
            ),
            models.UniqueConstraint(
                fields=["owner"], condition=Q(kind="personal"), name="one_personal_collection"
            ),
            models.CheckConstraint(
                condition=~Q(kind="personal") | Q(owner__isnull=False),
                name="personal_collection_has_owner",
            ),
            models.CheckConstraint(
                condition=Q(is_open=False) | ~Q(kind__in=["personal", "chat"]),
                name="open_is_for_all_to_read",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name to show: those that Lontar gave itself are translated."""
        if self.kind == self.Kind.CHAT and not self.name:
            return gettext("A chat without a title")
        own = self.kind in (self.Kind.DEFAULT, self.Kind.PERSONAL)
        return gettext(self.name) if own else self.name

    @property
    def is_shareable(self) -> bool:
        """Somebody's own documents and the files of a chat are not shared as a whole."""
        return self.kind not in (self.Kind.PERSONAL, self.Kind.CHAT)

    def is_managed_by(self, user: User) -> bool:
        """Whether `user` may rename, share, fill and delete it."""
        return user.is_active and (user.is_admin or self.owner_id == user.pk)


class Share(models.Model):
    """A collection opened to one person by the address the owner typed.

    `user` is empty where nobody has an account with the address. The owner is shown the address
    alone, so that sharing cannot be used to find out who has an account.
    """

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="shares")
    email = models.EmailField(_("email address"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="shares",
        verbose_name=_("user"),
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        ordering = ["email"]
        verbose_name = _("person with access")
        verbose_name_plural = _("people with access")
        constraints = [
            models.UniqueConstraint(fields=["collection", "email"], name="shared_once"),
        ]

    def __str__(self) -> str:
        return self.email


def share_rows(collection_id: UUID, emails: Iterable[str]) -> list[Share]:
    """A row for each address, unsaved; all accounts are looked up at once, found or not."""
    wanted = list(dict.fromkeys(emails))
    users = {user.email: user for user in User.objects.filter(email__in=wanted, is_active=True)}
    return [Share(collection_id=collection_id, email=e, user=users.get(e)) for e in wanted]
