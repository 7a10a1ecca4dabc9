"""What is said to a model and what it says: plain frozen values, equal when their content is equal.

No Django, no ids of ours, no provider's wire format. Each adapter in ``llm/providers`` translates
these values to its own protocol and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

JSONDict = dict[str, Any]
Role = Literal["user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture for a model that sees. ``media_type`` is such as ``image/png``."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asks for, whole.

    ``error`` is set when the arguments the model wrote are not a JSON object; the loop then tells
    the model so and does not run the tool.
    """

    id: str
    name: str
    arguments: JSONDict
    error: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    name: str
    content: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Opaque:
    """A message in its provider's own words (signed reasoning, thought signatures).

    It goes back unchanged to the same provider, in place of the other parts of the message it
    stands in; every other provider leaves it out and reads those other parts.
    """

    provider: str
    data: Any


Part = Text | Image | ToolCall | ToolResult | Opaque


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    def opaque(self, provider: str) -> Any | None:
        """The provider's own rendering of this message, when this provider wrote one."""
        for part in self.parts:
            if isinstance(part, Opaque) and part.provider == provider:
                return part.data
        return None


def user(text: str) -> Message:
    return Message("user", (Text(text),))


def assistant(text: str) -> Message:
    return Message("assistant", (Text(text),))


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it. ``parameters`` is a JSON schema of type object."""

    name: str
    description: str
    parameters: JSONDict


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more requests.

    ``input_tokens`` includes ``cached_tokens`` (read from the provider's prompt cache);
    ``output_tokens`` includes ``reasoning_tokens``.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class Wishes:
    """How an answer shall be made, where the asker says so; the defaults leave it to the model.

    ``tool_choice``: "" for the model's own choice, "required" for some call, else a tool's name.
    ``response_format`` as OpenAI has it. ``llm.queries.takes`` tells which of them a model's
    protocol has words for; the others are not sent.
    """

    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_format: JSONDict | None = None
    tool_choice: str = ""
    parallel_tool_calls: bool | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request to one model. ``model`` is the provider's name of it.

    ``call_tools`` is False when the model has called tools before and has to answer now: the
    specs stay, because some providers refuse a conversation with calls to tools they do not see.
    """

    model: str
    system: str = ""
    messages: tuple[Message, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    call_tools: bool = True
    max_tokens: int | None = None
    wishes: Wishes = Wishes()


def asks_to_see(request: Request) -> bool:
    """Whether the question that is to be answered has a picture in it."""
    asked = [message for message in request.messages if message.role == "user"]
    return bool(asked) and any(isinstance(part, Image) for part in asked[-1].parts)
