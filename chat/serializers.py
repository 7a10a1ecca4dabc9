"""The shapes of sessions and messages in the REST contract."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from chat.assistants.queries import usable_by
from chat.models import Feedback, Message, Session
from chat.protocol import full
from chat.sentences import CLOSED
from core.serializers import StrictSerializer
from llm.models import LanguageModel


class SessionIn(StrictSerializer):
    model_id = serializers.UUIDField(required=False, allow_null=True)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    prompt_id = serializers.UUIDField(required=False, allow_null=True)
    assistant_id = serializers.UUIDField(required=False, allow_null=True)
    prompt_general = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    task = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    persona = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    mission_objective = serializers.CharField(required=False, allow_blank=True, max_length=20_000)


class SessionPatch(StrictSerializer):
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    status = serializers.ChoiceField(required=False, choices=Session.Status.choices)
    model_id = serializers.UUIDField(required=False)
    archived = serializers.BooleanField(required=False)


def session_row(session: Session) -> dict[str, Any]:
    return {
        "id": str(session.pk),
        "user_id": str(session.user_id),
        "model_id": str(session.model_id) if session.model_id else None,
        "assistant_id": str(session.assistant_id) if session.assistant_id else None,
        "title": session.title,
        "status": session.status,
        "total_messages": session.total_messages,
        "comprehension_level": session.comprehension_level or None,
        "started_at": session.started_at.isoformat(),
        "updated_at": session.updated_at.isoformat(),
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "archived_at": session.archived_at.isoformat() if session.archived_at else None,
    }


def session_detail(session: Session, messages: list[Message]) -> dict[str, Any]:
    model = session.model
    return {
        **session_row(session),
        "model": {"id": str(model.pk), "name": model.name} if model else None,
        "assistant": _assistant(session),
        "prompt_id": str(session.prompt_id) if session.prompt_id else None,
        "leaf_id": str(session.leaf_id) if session.leaf_id else None,
        "files_collection_id": str(session.files_id) if session.files_id else None,
        "prompt_general": session.prompt_general,
        "task": session.task,
        "persona": session.persona,
        "mission_objective": session.mission_objective,
        "messages": [message_row(message) for message in messages],
    }


def _assistant(session: Session) -> dict[str, Any] | None:
    """As it was when the chat began; `note` says why the chat cannot go on."""
    version = session.assistant_version
    if version is None:
        return None
    named = {"id": str(version.assistant_id), "name": version.name, "version": version.number}
    usable = usable_by(session.user).filter(pk=version.assistant_id).exists()
    return {**named, "note": "" if usable else str(CLOSED)}


class BranchIn(StrictSerializer):
    message_id = serializers.UUIDField()


class FeedbackIn(StrictSerializer):
    value = serializers.ChoiceField(choices=Feedback.Value.choices)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)


def feedback_row(feedback: Feedback) -> dict[str, Any]:
    return {"value": feedback.value, "reason": feedback.reason}


def message_row(message: Message) -> dict[str, Any]:
    """`message` as chat.queries.thread gives it."""
    row = full(message, list(message.citations.all()))
    given = getattr(message, "feedback", None)
    return {
        **row,
        "error": message.error,
        "feedback": feedback_row(given) if given else None,
        "siblings": [str(pk) for pk in message.siblings],
    }


def model_row(model: LanguageModel) -> dict[str, Any]:
    return {
        "id": str(model.pk),
        "name": model.name,
        "display_name": str(model.display_name),
        "provider": model.provider.kind,
    }


def user_row(user: User) -> dict[str, Any]:
    """An account as an admin sees it; `chat_count` is annotated by the query."""
    return {
        "id": str(user.pk),
        "email": user.email,
        "full_name": user.full_name,
        "role": user.role,
        "is_active": user.is_active,
        "created_at": user.created_at.isoformat(),
        "last_active_at": user.last_active_at.isoformat() if user.last_active_at else None,
        "chat_count": getattr(user, "chat_count", 0),
    }
