"""Questions to begin with, made from the headings of what a person may read. No model is asked."""

import re
from typing import TypedDict
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.assistants.queries import one
from documents.headings import Topic, topics

MOST = 3
ASKS = re.compile(r"^(?:why|how|what|when|where|who|which|mengapa|kenapa|bagaimana|apa)\b", re.I)


class Question(TypedDict):
    """`document`: where it comes from; empty for what is asked of all."""

    text: str
    document: str


def questions(user: User, assistant_id: UUID | None = None) -> list[Question]:
    """At most MOST, one of each document first; none where there is nothing to ask of.

    With an assistant they are of what it searches. Raises NotFound where it is not open to the
    user.
    """
    searched = one(user, assistant_id).collections if assistant_id else []
    found = topics(user, MOST, searched or None)
    asked = [_question(topic, number) for number, topic in enumerate(found.topics)]
    if found.any_ready and len(asked) < MOST:
        asked.append({"text": _("What are the main ideas of my material?"), "document": ""})
    return asked


def _question(topic: Topic, number: int) -> Question:
    if topic.is_question:
        return {"text": topic.words, "document": topic.document}
    ways = [
        _("Explain “%(topic)s” in simple words."),
        _("What is most important about “%(topic)s”?"),
        _("What should I remember about “%(topic)s” for an exam?"),
    ]
    # "Why fireflies glow" is to be explained; it has no importance.
    way = ways[0] if ASKS.match(topic.words) else ways[number % len(ways)]
    return {"text": way % {"topic": topic.words}, "document": topic.document}
