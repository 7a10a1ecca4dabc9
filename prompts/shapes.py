"""What the doors of this room answer that no model holds."""

from typing import Literal

from pydantic import BaseModel


class Part(BaseModel):
    kind: Literal["same", "added", "removed"]
    text: str


class FieldDifference(BaseModel):
    field: str
    parts: list[Part]


class Differences(BaseModel):
    number: int
    against: int
    fields: list[FieldDifference]


class PromptPreview(BaseModel):
    fields: dict[str, str]
    variables: list[dict[str, str]]
    unknown: list[str]
    problems: list[str]
