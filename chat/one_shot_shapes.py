"""What `POST chat` takes."""

import uuid
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from chat import services
from core.sentences import PRINTED


class AttachmentIn(BaseModel):
    """A document or a picture: `data` is its content in base64, alone or in a data: URL."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(min_length=1, max_length=255)
    data: str = Field(min_length=1)


class AskIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(max_length=services.MAX_MESSAGE)
    session_id: uuid.UUID | None = None
    model: str = Field("", max_length=200, pattern=PRINTED)
    assistant: str = Field("", max_length=200, pattern=PRINTED)
    stream: StrictBool | None = None
    mode: Literal["chat"] = "chat"
    web_search: StrictBool = False
    use_memory: StrictBool = False
    attachments: list[AttachmentIn] = Field(default_factory=list, max_length=10)
