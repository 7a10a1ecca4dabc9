"""What the doors of this room answer, for the contract: the fields and what they hold.

The rows themselves are made in `serializers`, `protocol`, `sse` and `citations`; a test holds every
answer against these.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Status = Literal["ACTIVE", "COMPLETED"]
# Empty for what has no pages: a web page, a question that is answered.
PageUnit = Literal["page", "slide", "rows", "part", ""]
Match = Literal["exact", "close", "missing", "own_words", ""]
Score = Annotated[float, Field(description="About 0 to 1: how near to the question.")]


class ModelBrief(BaseModel):
    id: UUID
    display_name: str


class ModelName(BaseModel):
    id: UUID
    name: str


class ModelChoice(BaseModel):
    id: UUID
    name: str
    display_name: str
    provider: str


class PromptInForce(BaseModel):
    id: UUID
    name: str
    content: str


class AssistantChoice(BaseModel):
    id: UUID
    name: str
    description: str
    note: str


class ChatConfig(BaseModel):
    models: list[ModelChoice]
    assistants: list[AssistantChoice]
    active_prompt: PromptInForce | None


class Session(BaseModel):
    id: UUID
    user_id: UUID
    model_id: UUID | None
    assistant_id: UUID | None
    title: str
    status: Status
    total_messages: int
    comprehension_level: Literal["BASIC", "INTERMEDIATE", "ADVANCED"] | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    archived_at: datetime | None


class AnswerSource(BaseModel):
    """A passage found for an answer, with S1's names for messages and those for streams."""

    number: int = Field(description="The mark in the answer: [1].")
    document_id: UUID | None
    document_name: str
    filename: str
    page: int
    page_number: int
    page_unit: PageUnit
    page_label: str
    chunk_id: int | None
    chunk_index: int
    similarity_score: Score
    relevance_score: Score
    excerpt: str
    start: int | None
    end: int | None
    cited: bool
    verified: bool = Field(description="The words were found in the page.")
    match: Match
    quotes: list[dict[str, Any]]
    source_url: str
    fetched_at: datetime | None


class StreamedSource(BaseModel):
    number: int
    document_id: UUID | None
    filename: str
    page: int
    page_unit: PageUnit
    page_label: str
    similarity_score: Score
    chunk_id: int | None
    chunk_index: int
    excerpt: str
    start: int | None
    end: int | None
    cited: bool
    verified: bool
    match: Match
    quotes: list[dict[str, Any]]


class Feedback(BaseModel):
    value: Literal[1, -1]
    reason: str


class Attachment(BaseModel):
    """A picture of a question, drawn anew: upright, without metadata, at most 2048 pixels wide."""

    id: UUID
    name: str
    media_type: Literal["image/png", "image/jpeg"]
    width: int
    height: int
    url: str = Field(description="Where who reads the chat sees it.")


class Said(BaseModel):
    id: UUID
    role: Literal["user", "assistant"]
    content: str
    created_at: datetime
    parent_id: UUID | None = Field(description="The message it answers or follows.")
    attachments: list[Attachment]


MessageStatus = Literal["complete", "streaming", "stopped", "interrupted", "failed"]


class Answer(Said):
    status: MessageStatus
    stop_reason: str
    error_code: str
    steps: list[dict[str, Any]] = Field(description="Searches, and models that took over.")
    model: ModelBrief | None
    sources: list[AnswerSource]


class Message(Answer):
    error: str = Field(description="The sentence for error_code.")
    feedback: Feedback | None
    siblings: list[UUID] = Field(description="The other branches at this place, and this one.")


class ChosenAssistant(BaseModel):
    """As it was when the chat began."""

    id: UUID
    name: str
    version: int
    note: str = Field(description="Why the chat cannot go on; empty when it can.")


class SessionDetail(Session):
    model: ModelName | None
    assistant: ChosenAssistant | None
    prompt_id: UUID | None
    leaf_id: UUID | None
    files_collection_id: UUID | None
    prompt_general: str
    task: str
    persona: str
    mission_objective: str
    messages: list[Message]


class ExportedSession(SessionDetail):
    all_messages: list[Message] = Field(description="Of every branch.")
    exported_at: datetime


class AnswerWithSources(BaseModel):
    message: Answer
    sources: list[AnswerSource]


class OneShotAnswer(BaseModel):
    session_id: UUID
    message: Answer


class SearchStep(BaseModel):
    name: str
    query: str
    status: Literal["searching", "completed"]
    results_count: int | None = None
    error: str | None = None


class Chunk(BaseModel):
    content: str


class Done(BaseModel):
    id: UUID
    role: Literal["user", "assistant"]
    content: str
    created_at: datetime
    status: Literal["complete", "stopped"]
    stop_reason: str
    model: ModelBrief | None
    sources: list[StreamedSource]


class StreamError(BaseModel):
    code: str
    message: str
    retryable: bool
    retry_after: int | None = None


class InSession(BaseModel):
    session_id: UUID


class SharedLink(BaseModel):
    id: UUID
    session_id: UUID
    title: str
    shows_name: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    is_open: bool


class NewSharedLink(SharedLink):
    """`url` is told this once."""

    url: str


class Stopped(BaseModel):
    stopped: bool


class Ticket(BaseModel):
    ticket: str


class CitedPlace(BaseModel):
    number: int
    state: str = Field(description="Empty when all is as it was; else deleted, closed, ...")
    sentence: str
    document_id: UUID | None
    document_name: str
    page: int
    page_unit: PageUnit
    page_label: str
    start: int | None
    end: int | None
    quotes: list[dict[str, Any]]
    excerpt: str


class Person(BaseModel):
    """An account as admins see it."""

    id: UUID
    email: str
    full_name: str
    role: Literal["superadmin", "admin", "student"]
    is_active: bool
    created_at: datetime
    last_active_at: datetime | None
    chat_count: int


class Question(BaseModel):
    text: str
    document: str = Field(description="Where it comes from; empty for what is asked of all.")


class Questions(BaseModel):
    questions: list[Question]
