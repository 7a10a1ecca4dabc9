"""On whose behalf a model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """Who pays for a call and where it shows in the reports; None where there is no such thing."""

    user_id: UUID | None = None
    session_id: UUID | None = None
    generation_id: UUID | None = None
    kind: Literal["chat", "embedding", "title", "summary", "query"] = "chat"
