"""What somebody above does for who cannot do it alone: another address, a lost second factor.

Either is as good as the account, so it takes a higher role (as a new password does), and all that
was open is closed. For those whom nobody is above, `manage.py account` does it on the machine.
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User, normalise_email
from accounts.services import end_access, require_rank_above
from core.errors import Conflict


def set_email(*, actor: User | None, user: User, email: str) -> None:
    """`actor` None: whoever has the machine. Raises Forbidden, and Conflict for a taken address."""
    if actor is not None:
        require_rank_above(actor, user)
    user.email = normalise_email(email)
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
            user.emailaddress_set.all().delete()
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
            end_access(user)
    except IntegrityError as error:
        raise Conflict(
            _("There already is an account with this email address."), code="email_taken"
        ) from error


def is_taken(email: str, user: User) -> bool:
    """Whether the address is somebody else's, also one that waits to be confirmed."""
    address = normalise_email(email)
    held = EmailAddress.objects.filter(email__iexact=address, verified=True).exclude(user=user)
    return held.exists() or User.objects.filter(email=address).exclude(pk=user.pk).exists()


def forget_second_factors(*, actor: User | None, user: User) -> int:
    """How many there were: codes, passkeys, recovery codes. Raises Forbidden."""
    if actor is not None:
        require_rank_above(actor, user)
    with transaction.atomic():
        gone, _by_kind = Authenticator.objects.filter(user=user).delete()
        if gone:
            end_access(user)
    return gone
