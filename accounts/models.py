"""People, their groups, and the logins their programs hold."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.limit_models import Limit, valid_rate
from core.ids import new_id

__all__ = [
    "ROOMS",
    "ApiKey",
    "ApiLogin",
    "Group",
    "Limit",
    "Membership",
    "User",
    "UserManager",
    "no_control_characters",
    "normalise_email",
    "valid_rate",
]

# What an admin may touch in the Django admin. Everything else there (mail addresses, second
# factors, sessions of the login library) could be used to take over a stronger account.
ROOMS = frozenset({"accounts", "llm", "documents", "prompts", "rag", "chat", "analytics"})

no_control_characters = RegexValidator(
    r"^[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$",
    _("Leave out line breaks and invisible characters."),
)


def normalise_email(email: str) -> str:
    """The one spelling of an address that is stored and looked up."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A student, unless a role is given; without a password the account has none usable."""
        if not normalise_email(email or ""):
            raise ValueError("A user needs an email address.")
        user = self.model(email=normalise_email(email), **fields)
        user.password = make_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "role": User.Role.SUPERADMIN})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalise_email(username or ""))


class User(AbstractBaseUser):
    class Role(models.TextChoices):
        STUDENT = "student", _("Student")
        ADMIN = "admin", _("Admin")
        SUPERADMIN = "superadmin", _("Superadmin")

    class Language(models.TextChoices):
        BROWSER = "", _("As the browser says")
        ENGLISH = "en", _("English")
        INDONESIAN = "id", _("Indonesian")

    class Theme(models.TextChoices):
        SYSTEM = "", _("As the system says")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("email address"), unique=True)
    full_name = models.CharField(_("full name"), max_length=150, validators=[no_control_characters])
    role = models.CharField(
        _("role"), max_length=12, choices=Role.choices, default=Role.STUDENT, db_index=True
    )
    is_active = models.BooleanField(_("active"), default=True)
    language = models.CharField(
        _("language"), max_length=2, choices=Language.choices, blank=True, default=""
    )
    theme = models.CharField(
        _("appearance"), max_length=5, choices=Theme.choices, blank=True, default=""
    )
    # Part of every session's and token's check value: a new stamp ends them all at once, and
    # unlike is_active it stays changed when the account is switched on again.
    session_stamp = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    last_active_at = models.DateTimeField(_("last active"), null=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_whatever_case"),
            models.CheckConstraint(
                condition=models.Q(role__in=["student", "admin", "superadmin"]),
                name="accounts_user_known_role",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalise_email(self.email)
        super().save(*args, **kwargs)

    @property
    def is_superadmin(self) -> bool:
        return self.role == self.Role.SUPERADMIN

    @property
    def is_admin(self) -> bool:
        return self.role in (self.Role.ADMIN, self.Role.SUPERADMIN)

    # The names the Django admin asks for.
    @property
    def is_staff(self) -> bool:
        return self.is_admin

    @property
    def is_superuser(self) -> bool:
        return self.is_superadmin

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.has_module_perms(perm.partition(".")[0])

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        if not self.is_active:
            return False
        return self.is_superadmin or (self.is_admin and app_label in ROOMS)

    def get_full_name(self) -> str:
        return self.full_name or self.email

    def get_short_name(self) -> str:
        return self.full_name.partition(" ")[0] or self.email

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        value = f"{self.password}:{self.session_stamp.hex}"
        return salted_hmac(
            "accounts.User.session", value, secret=secret, algorithm="sha256"
        ).hexdigest()


class ApiLogin(models.Model):
    """One login of a program: a family of tokens that live and end together.

    A refresh token carries the number it was issued with. Only the newest number is good; an
    older one means that a copy is in other hands, and ends the family.
    """

    class Ended(models.TextChoices):
        LOGOUT = "logout", _("Logged out")
        REUSE = "reuse", _("An old refresh token was used again")
        BY_OTHERS = "ended", _("Ended with all sessions of the account")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="api_logins", verbose_name=_("user")
    )
    refresh_number = models.PositiveIntegerField(_("times refreshed"), default=1)
    created_at = models.DateTimeField(_("began"), default=timezone.now, editable=False)
    used_at = models.DateTimeField(_("last refreshed"), null=True)
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.CharField(_("why it ended"), max_length=8, choices=Ended.choices, blank=True)
    client = models.CharField(_("program"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("API login")
        verbose_name_plural = _("API logins")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.client or _('API login')} · {date_format(self.created_at, 'DATE_FORMAT')}"


class ApiKey(models.Model):
    """A key for a person's own programs; only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=100, validators=[no_control_characters])
    prefix = models.CharField(_("begins with"), max_length=8, unique=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20), verbose_name=_("opens"))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True)
    used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("taken back"), null=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class Group(models.Model):
    """People who are taken together: a course, a class, a project."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(
        _("name"), max_length=150, unique=True, validators=[no_control_characters]
    )
    description = models.TextField(_("description"), blank=True, max_length=2000)
    members = models.ManyToManyField(
        User, through="Membership", related_name="course_groups", verbose_name=_("members")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    group = models.ForeignKey(
        Group, models.CASCADE, related_name="memberships", verbose_name=_("group")
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["group", "user"], name="accounts_a_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.group}"
