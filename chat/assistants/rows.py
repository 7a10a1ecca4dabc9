"""The shapes of assistants: what everybody may know of one, and what admins know besides."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.models import User
from chat.assistants import troubles
from chat.assistants.models import Assistant, AssistantVersion
from chat.assistants.queries import Surroundings, known_tools, surroundings, usable_by
from llm.models import LanguageModel


def rows(user: User, assistants: Sequence[Assistant]) -> list[dict[str, Any]]:
    """`assistants` are visible to the user, and have prompt, groups and users loaded."""
    around = surroundings(user, assistants)
    return [_row(user, one, around) for one in assistants]


def row(user: User, assistant: Assistant) -> dict[str, Any]:
    return rows(user, [assistant])[0]


def _row(user: User, assistant: Assistant, around: Surroundings) -> dict[str, Any]:
    model = around.models.get(assistant.model_id) if assistant.model_id else None
    shown = [key for key in assistant.collections if key in around.readable]
    known = {
        "id": str(assistant.pk),
        "name": assistant.name,
        "description": assistant.description,
        "model_id": _id(assistant.model_id) if model or user.is_admin else None,
        "model": {"id": str(model.pk), "name": str(model.display_name)} if model else None,
        "collections": _named(shown, assistant, around),
        "tools": known_tools(assistant),
        "is_active": assistant.is_active,
        "note": troubles.for_asker(assistant, around),
    }
    return {**known, **_for_admins(assistant, around)} if user.is_admin else known


def _for_admins(assistant: Assistant, around: Surroundings) -> dict[str, Any]:
    return {
        "fallbacks": [str(key) for key in assistant.fallbacks],
        "prompt_id": _id(assistant.prompt_id),
        # Also those that are gone, as long as the assistant names them.
        "collections": _named(assistant.collections, assistant, around),
        "tools": assistant.tools,
        "is_open": assistant.is_open,
        "groups": [{"id": str(one.pk), "name": one.name} for one in assistant.groups.all()],
        "users": [person(one) for one in assistant.users.all()],
        "problems": troubles.for_admins(assistant, around),
        "version": assistant.version,
        "archived_at": assistant.archived_at.isoformat() if assistant.archived_at else None,
        "created_at": assistant.created_at.isoformat(),
        "updated_at": assistant.updated_at.isoformat(),
    }


def _named(
    keys: Sequence[UUID], assistant: Assistant, around: Surroundings
) -> list[dict[str, str]]:
    return [{"id": str(key), "name": around.name_of(assistant, key)} for key in keys]


def _id(key: UUID | None) -> str | None:
    return str(key) if key else None


def person(user: User) -> dict[str, str]:
    return {"id": str(user.pk), "email": user.email, "full_name": user.full_name}


def choices_of(user: User, usable: Sequence[LanguageModel]) -> list[dict[str, str]]:
    """What a picker shows: the assistants that are open to the user, by name.

    `usable` are the models that can be asked.
    """
    found = list(usable_by(user))
    around = surroundings(user, found, usable, named=False) if found else None
    return [
        {
            "id": str(one.pk),
            "name": one.name,
            "description": one.description,
            "note": troubles.for_asker(one, around),
        }
        for one in found
        if around is not None
    ]


def version_row(version: AssistantVersion) -> dict[str, Any]:
    writer = version.created_by
    return {
        "number": version.number,
        "name": version.name,
        "description": version.description,
        "model_id": _id(version.model_id),
        "fallbacks": [str(key) for key in version.fallbacks],
        "prompt_id": _id(version.prompt_id),
        "collections": [str(key) for key in version.collections],
        "tools": version.tools,
        "created_by": writer.full_name if writer else None,
        "created_at": version.created_at.isoformat(),
    }
