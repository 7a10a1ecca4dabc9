"""A question that was asked in a chat, kept with an answer that is right."""

import uuid
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from chat import queries
from chat.models import Message
from core.errors import Invalid
from core.rights import require_admin
from documents.knowledge import csv_in, services
from documents.knowledge.models import KnowledgeEntry


def keep_answer(
    *, actor: User, message_id: uuid.UUID, answer: str, **fields: Any
) -> KnowledgeEntry:
    """Keep `answer` for what the student asked before that message.

    Raises Forbidden for students, NotFound for messages the actor may not read, Invalid for what
    is no answer to a question, Conflict where the question is answered already.
    """
    require_admin(actor)
    question = _question(queries.any_message(actor, message_id))
    return services.add(actor=actor, question=question, answer=answer, **fields)


def _question(message: Message) -> str:
    asked = message.parent
    if message.role != Message.Role.ASSISTANT or asked is None or asked.role != Message.Role.USER:
        raise Invalid(_("This is not an answer to a question. Choose an answer of a chat."))
    question = csv_in.one_line(asked.content)
    if len(question) > csv_in.QUESTION:
        raise Invalid(
            _(
                "The student's message is longer than a question may be. Add the pair by itself, "
                "with a shorter question."
            )
        )
    return question
