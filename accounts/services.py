"""Write side of people: joining, roles, and the end of access."""

from uuid import UUID, uuid4

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiKey, ApiLogin, User, normalise_email
from core.announce import ring
from core.errors import Conflict, Forbidden, Invalid, NotFound


def doorbell(user_id: UUID) -> str:
    """The channel group of everything a user has open."""
    return f"account.{user_id.hex}"


def register(*, email: str, password: str, full_name: str) -> User:
    """A new student. Nobody becomes more by signing up, not even the first."""
    if not settings.SIGNUP_OPEN:
        raise Forbidden(
            _("Sign-up is closed here. Ask your lecturer for an account."), code="signup_closed"
        )
    user = User(email=normalise_email(email), full_name=full_name.strip())
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise weak_password(error) from error
    return add_user(user, password)


def add_user(user: User, password: str | None, *, verified: bool = False) -> User:
    """Store a prepared user together with the address the login pages keep."""
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            EmailAddress.objects.create(
                user=user, email=user.email, primary=True, verified=verified
            )
    except IntegrityError as error:
        raise Conflict(
            _("There already is an account with this email address. Log in instead."),
            code="email_taken",
        ) from error
    return user


def weak_password(error: ValidationError, field: str = "password") -> Invalid:
    rows = [{"field": field, "message": message} for message in error.messages]
    return Invalid(" ".join(error.messages), code="weak_password", extra={"errors": rows})


def update_profile(*, actor: User, **fields: str) -> User:
    """Change one's own full_name, language or theme."""
    unknown = fields.keys() - {"full_name", "language", "theme"}
    if unknown:
        raise TypeError(f"A profile has no field {', '.join(sorted(unknown))}.")
    for name, value in fields.items():
        setattr(actor, name, value)
    actor.save(update_fields=list(fields))
    return actor


def set_password(*, actor: User, user: User, password: str) -> None:
    """Also ends every session, token and socket of the user: they were opened by the old one."""
    if actor != user:
        require_rank_above(actor, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    end_access(user)


def set_role(*, actor: User, user: User, role: str) -> None:
    """Also ends every session, token and socket: they were opened with other rights."""
    if role not in User.Role.values:
        raise Invalid(_("There is no such role."))
    with transaction.atomic():
        target = _locked(user)
        if target.role == role:
            return
        _require_may_manage(actor, target)
        if role == User.Role.SUPERADMIN and not actor.is_superadmin:
            raise Forbidden(_("Only a superadmin may name another superadmin."))
        user.role = target.role = role
        target.save(update_fields=["role"])
        end_access(target)
        user.session_stamp = target.session_stamp


def set_active(*, actor: User, user: User, active: bool) -> None:
    """Deactivating ends every session, token and socket at once."""
    with transaction.atomic():
        target = _locked(user)
        if target.is_active == active:
            return
        _require_may_manage(actor, target)
        user.is_active = target.is_active = active
        target.save(update_fields=["is_active"])
        if not active:
            end_access(target)
            user.session_stamp = target.session_stamp


def delete_user(*, actor: User, user: User) -> None:
    """Delete an account with everything that belongs to it alone."""
    with transaction.atomic():
        target = _locked(user)
        _require_may_manage(actor, target)
        end_access(target)
        target.delete()


def close_account(*, actor: User) -> None:
    """Delete one's own account. A superadmin's stays: nobody could be asked to bring it back."""
    with transaction.atomic():
        target = _locked(actor)
        if target.is_superadmin:
            raise Forbidden(
                _(
                    "A superadmin's account cannot be deleted. Give the role to somebody else "
                    "and give it up first."
                ),
                code="superadmin",
            )
        end_access(target)
        target.delete()


def _locked(user: User) -> User:
    """The stored row, held until the transaction ends. Raises NotFound when it is gone.

    With those of all superadmins: of two who give up at the same moment, one is the last.
    """
    concerned = User.objects.filter(Q(pk=user.pk) | Q(role=User.Role.SUPERADMIN))
    rows = concerned.order_by("pk").select_for_update()
    found = {row.pk: row for row in rows}.get(user.pk)
    if found is None:
        raise NotFound
    return found


def end_access(user: User) -> None:
    """Log a user out everywhere, pages and programs and open sockets alike; API keys are void."""
    with transaction.atomic():
        new_stamp(user)
        ApiLogin.objects.filter(user=user, ended_at=None).update(
            ended_at=timezone.now(), ended_by=ApiLogin.Ended.BY_OTHERS
        )
        ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
    user_id = user.pk
    transaction.on_commit(lambda: ring(doorbell(user_id), {"type": "account"}))


def new_stamp(user: User) -> None:
    """Every session and token of the user was opened with the old one, and is void."""
    user.session_stamp = uuid4()
    User.objects.filter(pk=user.pk).update(session_stamp=user.session_stamp)


def may_manage(actor: User, user: User) -> bool:
    """Admins manage students and admins; a superadmin is managed by nobody else.

    The last active superadmin cannot give up either: nobody could bring the role back.
    """
    if not actor.is_active or not actor.is_admin:
        return False
    if not user.is_superadmin:
        return True
    others = User.objects.filter(role=User.Role.SUPERADMIN, is_active=True).exclude(pk=user.pk)
    return actor == user and others.exists()


def ranks_above(actor: User, user: User) -> bool:
    """Whether `actor` may set the other's password, which is as good as becoming the other."""
    rank = {User.Role.STUDENT: 0, User.Role.ADMIN: 1, User.Role.SUPERADMIN: 2}
    return actor.is_active and rank[User.Role(actor.role)] > rank[User.Role(user.role)]


def require_rank_above(actor: User, user: User) -> None:
    """Raises Forbidden where `ranks_above` says no."""
    if not ranks_above(actor, user):
        raise Forbidden(_("You may set the password only of accounts below your own role."))


def _require_may_manage(actor: User, user: User) -> None:
    if may_manage(actor, user):
        return
    if actor.is_admin and user.is_superadmin:
        raise Forbidden(_("A superadmin cannot be changed or deleted by anybody else."))
    raise Forbidden
