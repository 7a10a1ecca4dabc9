"""How an assistant is used, also when it is archived: for admins."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import User
from chat.assistants.models import Assistant, AssistantVersion
from chat.models import Session
from core.rights import require_admin
from core.rows import row_of
from documents.models import QA, Document


@dataclass(frozen=True)
class Statistics:
    """`users` have held a chat with it, `may_ask` could."""

    users: int
    may_ask: int
    documents: int
    chats: int
    messages: int
    last_used_at: datetime | None


def statistics(*, actor: User, assistant_id: UUID) -> Statistics:
    require_admin(actor)
    assistant = row_of(Assistant.objects.all(), assistant_id)
    chats = Session.objects.filter(assistant=assistant, total_messages__gt=0)
    told = chats.aggregate(
        chats=Count("pk"), users=Count("user", distinct=True), last_used_at=Max("updated_at")
    )
    asked = chats.filter(messages__role="user").aggregate(messages=Count("messages"))
    files = Document.objects.filter(collection__in=assistant.collections).exclude(kind=QA)
    may_ask = people(actor=actor, assistant_id=assistant_id).count()
    return Statistics(may_ask=may_ask, documents=files.count(), **told, **asked)


def people(*, actor: User, assistant_id: UUID) -> QuerySet[User]:
    """Who can ask it, by name: admins can ask any, and are listed where they are named."""
    require_admin(actor)
    assistant = row_of(Assistant.objects.all(), assistant_id)
    found = User.objects.filter(is_active=True)
    if not assistant.is_open:
        grouped = User.objects.filter(memberships__group__assistants=assistant)
        named = User.objects.filter(assistants=assistant)
        found = found.filter(Q(pk__in=grouped.values("pk")) | Q(pk__in=named.values("pk")))
    return found.order_by("full_name", "email")


def versions(*, actor: User, assistant_id: UUID) -> QuerySet[AssistantVersion]:
    """Newest first."""
    require_admin(actor)
    assistant = row_of(Assistant.objects.all(), assistant_id)
    return assistant.versions.select_related("created_by")
