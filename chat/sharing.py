"""Links by which anybody may read a chat: made once, stored hashed, taken back at any time."""

import hashlib
import secrets
import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import generations, queries
from chat.models import Message, Session, Share
from core.errors import Conflict, Invalid, NotFound

MOST = 20


@transaction.atomic
def share(
    *,
    actor: User,
    session_id: uuid.UUID,
    shows_name: bool = False,
    expires_at: datetime | None = None,
) -> tuple[Share, str]:
    """(the stored link, its token: shown this once), to the branch that is shown now.

    Raises NotFound, Invalid for a chat without a word or a moment that is past, Conflict while an
    answer is being written or when there are too many links already.
    """
    mine = Session.objects.visible_to(actor).select_for_update(of=("self",))
    session = mine.filter(pk=session_id).first()
    if session is None:
        raise NotFound
    _check(session, expires_at)
    token = secrets.token_urlsafe(32)
    made = Share.objects.create(
        session=session,
        leaf_id=session.leaf_id,
        title=session.title,
        token_hash=digest(token),
        shows_name=shows_name,
        expires_at=expires_at,
    )
    return made, token


def _check(session: Session, expires_at: datetime | None) -> None:
    if session.leaf_id is None:
        raise Invalid(_("Nothing was said in this chat yet."), code="empty_chat")
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(_("Choose a moment in the future for the link to end."), code="expired")
    if generations.running(session) is not None:
        raise Conflict(
            _("The answer is still being written. Wait for it or stop it first."), code="busy"
        )
    if _open(session.shares.all()).count() >= MOST:
        raise Conflict(
            _("This chat has 20 links already. Take one back, then make another."),
            code="too_many_links",
        )


def shares(user: User, session_id: uuid.UUID | None = None) -> QuerySet[Share]:
    """The links of my chats, or of one of them, the newest first; also those that ended."""
    mine = Share.objects.filter(session__in=Session.objects.visible_to(user))
    if session_id is not None:
        mine = mine.filter(session=queries.session(user, session_id))
    return mine.order_by("-created_at", "-id")


def revoke(*, actor: User, share_id: uuid.UUID) -> None:
    """The link leads nowhere from now on. Raises NotFound for what is not a link of the actor's."""
    mine = shares(actor).filter(pk=share_id)
    if not mine.exists():
        raise NotFound
    Share.objects.filter(pk=share_id, revoked_at=None).update(revoked_at=timezone.now())


def opened(token: str) -> tuple[Share, list[Message]]:
    """What a link shows; NotFound once it ended, or its chat or its owner's account is gone."""
    found = _open(Share.objects.filter(token_hash=digest(token), session__user__is_active=True))
    link = found.select_related("session__user").first()
    if link is None:
        raise NotFound
    return link, queries.branch(queries.every_message(link.session), link.leaf_id)


def is_open(link: Share) -> bool:
    ended = link.expires_at is not None and link.expires_at <= timezone.now()
    return link.revoked_at is None and not ended


def _open(links: QuerySet[Share]) -> QuerySet[Share]:
    lasting = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return links.filter(lasting, revoked_at=None)


def digest(token: str) -> str:
    """A token has 256 random bits, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
