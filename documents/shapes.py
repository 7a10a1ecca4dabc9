"""What the doors of this room answer, where no serializer says it, for the contract."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class NamedGroup(BaseModel):
    id: UUID
    name: str


class Share(BaseModel):
    """Whether there is an account is told to admins only."""

    email: str
    id: UUID | None = None
    full_name: str | None = None


class Collection(BaseModel):
    id: UUID
    name: str
    description: str
    kind: Literal["default", "personal", "shared", "chat"]
    is_open: bool
    owner_id: UUID | None
    owner_name: str
    document_count: int
    given_to_me: bool
    my_groups: list[str]
    created_at: datetime
    can_change: bool
    groups: list[NamedGroup]
    users: list[Share]


class Job(BaseModel):
    id: UUID
    status: Literal["RUNNING", "DONE", "CANCELED", "FAILED"]
    progress: int
    total: int
    done: int
    embedded: int
    seconds_left: int | None
    error_code: str
    error: str
    objections: list[Any]
    approved: bool
    retry_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class Embedding(BaseModel):
    id: int
    provider: str
    provider_id: UUID | None
    name: str
    dimensions: int
    query_prefix: str
    document_prefix: str
    is_current: bool
    vectors_count: int
    passages_count: int
    job: Job | None
    created_at: datetime


class BadLine(BaseModel):
    line: int
    message: str


class Imported(BaseModel):
    preview: bool
    new: int
    changed: int
    unchanged: int
    errors: list[BadLine]
    first: list[dict[str, Any]]
