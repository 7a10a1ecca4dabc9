"""What `/v1` takes and gives, for the contract: the protocol of OpenAI, with our own beside it.

Reference: https://platform.openai.com/docs/api-reference. What a body does not name here has no
effect, as programs of this protocol send what only some servers know.
"""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from chat.compatible.requests import CallIn, CompletionIn, EmbeddingsIn
from chat.shapes import PageUnit
from core.contract import Events, Operation, Parameter


class ModelCard(BaseModel):
    """A model, or an assistant (`lontar/...`, with its description)."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str
    description: str | None = None
    context_window: int | None = None
    supports_tools: bool | None = None
    supports_vision: bool | None = None


class ModelCards(BaseModel):
    object: Literal["list"]
    data: list[ModelCard]


class CompletionCitation(BaseModel):
    number: int = Field(description="The mark in the text: [1].")
    document_id: UUID
    document: str
    page: int
    page_unit: PageUnit
    page_label: str
    quote: str
    cited: bool
    verified: bool
    similarity_score: float
    source_url: str


class CompletionMessage(BaseModel):
    role: Literal["assistant"]
    content: str | None
    refusal: None
    citations: list[CompletionCitation]
    reasoning_content: str | None = None
    tool_calls: list[CallIn] | None = None


Finish = Literal["stop", "tool_calls", "length", "content_filter"]


class CompletionChoice(BaseModel):
    index: int
    message: CompletionMessage
    logprobs: None
    finish_reason: Finish


class CachedTokens(BaseModel):
    cached_tokens: int


class ReasoningTokens(BaseModel):
    reasoning_tokens: int


class TokensUsed(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens
    completion_tokens_details: ReasoningTokens


class Completion(BaseModel):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str = Field(description="Who answered: another one where the first could not.")
    choices: list[CompletionChoice]
    usage: TokensUsed


class DeltaCall(CallIn):
    index: int


class Delta(BaseModel):
    role: Literal["assistant"] | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[DeltaCall] | None = None
    citations: list[CompletionCitation] | None = None


class ChunkChoice(BaseModel):
    index: int
    delta: Delta
    logprobs: None
    finish_reason: Finish | None


class CompletionChunk(BaseModel):
    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: TokensUsed | None = None


class EmbeddedText(BaseModel):
    object: Literal["embedding"]
    index: int
    embedding: list[float] | str = Field(description="A string for base64.")


class PromptTokens(BaseModel):
    prompt_tokens: int
    total_tokens: int


class EmbeddedTexts(BaseModel):
    object: Literal["list"]
    data: list[EmbeddedText]
    model: str
    usage: PromptTokens


FAILING = (400, 404, 500, 502, 503, 504)
STREAM = Events(
    {"message": CompletionChunk},
    "For `stream: true`: chunks without a name, then `data: [DONE]`. An error after the first "
    "word is an event with an `error` in it.",
)

OPERATIONS = {
    "GET /v1/models": Operation(
        "List what programs may ask", ModelCards, note="Assistants, then models."
    ),
    "GET /v1/models/{name}": Operation(
        "Get one of what programs may ask",
        ModelCard,
        parameters=(Parameter("name", {"type": "string"}, "A name may hold slashes."),),
    ),
    "POST /v1/chat/completions": Operation(
        "Complete a conversation",
        {200: (Completion, STREAM)},
        body={"application/json": CompletionIn},
        errors=FAILING,
        is_limited=True,
        note="Answered from the caller's material; nothing of it is kept as a chat.",
        example={"model": "quotes", "messages": [{"role": "user", "content": "Why?"}]},
    ),
    "POST /v1/embeddings": Operation(
        "Embed texts",
        EmbeddedTexts,
        body={"application/json": EmbeddingsIn},
        errors=FAILING,
        is_limited=True,
        note="By the model that the material is searched with.",
        example={"model": "all-MiniLM-L6-v2", "input": "Why do leaves look green?"},
    ),
}
