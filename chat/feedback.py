"""Thumbs up or down for an answer, by whom it was given to."""

import uuid

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat import queries
from chat.models import Feedback, Message
from core.errors import Invalid


def give(*, actor: User, message_id: uuid.UUID, value: int, reason: str = "") -> Feedback:
    """In place of what was said of it before. `value` is 1 or -1."""
    message = queries.message(actor, message_id)
    if message.role != Message.Role.ASSISTANT:
        raise Invalid(_("Only answers can be rated."), code="not_an_answer")
    feedback, _made = Feedback.objects.update_or_create(
        message=message, defaults={"value": value, "reason": reason.strip()}
    )
    return feedback


def withdraw(*, actor: User, message_id: uuid.UUID) -> None:
    Feedback.objects.filter(message=queries.message(actor, message_id)).delete()
