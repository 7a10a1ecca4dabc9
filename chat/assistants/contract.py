"""The doors of assistants, as core.contract has them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from chat.assistants.api import AccessIn, AssistantPatch, NewAssistant
from core.contract import ListOf, Operation, Parameter


class Named(BaseModel):
    id: UUID
    name: str


class AskingPerson(BaseModel):
    id: UUID
    email: str
    full_name: str


class Assistant(BaseModel):
    """From `fallbacks` on, for admins."""

    id: UUID
    name: str
    description: str
    model_id: UUID | None
    model: Named | None
    collections: list[Named]
    tools: list[str]
    is_active: bool
    note: str = Field(description="What whoever asks it should know, as a sentence.")
    fallbacks: list[UUID] | None = None
    prompt_id: UUID | None = None
    is_open: bool | None = None
    groups: list[Named] | None = None
    users: list[AskingPerson] | None = None
    problems: list[str] | None = None
    version: int | None = None
    archived_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class AssistantVersion(BaseModel):
    number: int
    name: str
    description: str
    model_id: UUID | None
    fallbacks: list[UUID]
    prompt_id: UUID | None
    collections: list[UUID]
    tools: list[str]
    created_by: str | None
    created_at: datetime


class AssistantStatistics(BaseModel):
    users: int = Field(description="Who have held a chat with it.")
    may_ask: int
    documents: int
    chats: int
    messages: int
    last_used_at: datetime | None


ONE = "assistants/{assistant_id}"
ADMINS = "For admins."
ARCHIVED = Parameter(
    "archived", {"type": "string", "enum": ["true", "false", "any"], "default": "false"}
)

OPERATIONS = {
    "GET assistants": Operation(
        "List assistants",
        ListOf("assistants", Assistant),
        query=(Parameter("search", {"type": "string"}), ARCHIVED),
        note="Those that are open to me; to admins all, by `archived` also those of the archive.",
    ),
    "POST assistants": Operation(
        "Make an assistant",
        {201: Assistant},
        body=NewAssistant,
        errors=(404, 409),
        note=ADMINS,
        example={"name": "Biology tutor", "description": "Answers from the course."},
    ),
    f"GET {ONE}": Operation("Get an assistant", Assistant),
    f"PATCH {ONE}": Operation(
        "Change an assistant",
        Assistant,
        body=AssistantPatch,
        errors=(409,),
        note=f"{ADMINS} Chats that have begun keep the version they began with.",
        example={"description": "Answers from the course and the reader."},
    ),
    f"DELETE {ONE}": Operation(
        "Delete an assistant",
        errors=(409,),
        note=f"{ADMINS} One that chats were held with is archived; they stay.",
    ),
    f"POST {ONE}/access": Operation(
        "Set who may ask an assistant",
        Assistant,
        body=AccessIn,
        errors=(409,),
        note=f"{ADMINS} Each list that is sent takes the place of the one before.",
        example={"is_open": True},
    ),
    f"POST {ONE}/unarchive": Operation(
        "Take an assistant out of the archive",
        Assistant,
        errors=(409,),
        note=f"{ADMINS} As it was, for whom it was open to.",
    ),
    f"GET {ONE}/stats": Operation(
        "Get the statistics of an assistant", AssistantStatistics, note=ADMINS
    ),
    f"GET {ONE}/people": Operation(
        "List who may ask an assistant", ListOf("users", AskingPerson), note=ADMINS
    ),
    f"GET {ONE}/versions": Operation(
        "List the versions of an assistant", ListOf("versions", AssistantVersion), note=ADMINS
    ),
}
