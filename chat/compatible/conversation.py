"""The messages of a request as a model of ours reads them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from chat.compatible.images import MOST, picture
from chat.compatible.listed_sources import without_list
from chat.compatible.refusals import refused
from chat.compatible.requests import PartIn, SaidIn
from llm.messages import Image, Message, Part, Text, ToolCall, ToolResult
from rag.marks import strip_marks

INSTRUCTING = ("system", "developer")


@dataclass(frozen=True)
class Conversation:
    """``instructions`` are what the program that asks has to say itself."""

    instructions: str
    messages: tuple[Message, ...]

    @property
    def questions(self) -> list[str]:
        """What was asked, oldest first."""
        asked = [message.text.strip() for message in self.messages if message.role == "user"]
        return [text for text in asked if text]

    @property
    def has_pictures(self) -> bool:
        return any(isinstance(part, Image) for message in self.messages for part in message.parts)

    @property
    def has_calls(self) -> bool:
        return any(message.tool_calls for message in self.messages)


def conversation(given: Sequence[SaidIn]) -> Conversation:
    """Raises AppError for what no model could be asked."""
    said = [_text(m, n) for n, m in enumerate(given) if m.role in INSTRUCTING]
    messages: list[Message] = []
    for message in _translated(given):
        if messages and messages[-1].role == message.role:
            parts = (*messages[-1].parts, *_break(message), *message.parts)
            messages[-1] = Message(message.role, parts)
        else:
            messages.append(message)
    _check(messages)
    return Conversation("\n\n".join(filter(None, said)), tuple(messages))


def _translated(given: Sequence[SaidIn]) -> Iterator[Message]:
    names: dict[str, str] = {}  # of the calls that wait for a result
    for number, message in enumerate(given):
        if message.role == "tool":
            yield Message("tool", (_result(message, number, names),))
        elif message.role not in INSTRUCTING:
            _require_results(names, number)
            parts = _parts(message, number)
            if message.role == "assistant":
                parts = [_own_words(part) for part in parts]
                calls = [_call(call.id, call.function) for call in message.tool_calls or ()]
                names.update({call.id: call.name for call in calls})
                parts += calls
            if parts:
                yield Message("assistant" if message.role == "assistant" else "user", tuple(parts))
    _require_results(names, len(given) - 1)


def _own_words(part: Part) -> Part:
    """An answer of ours without its marks: they point at sources of another request."""
    return Text(strip_marks(without_list(part.text))) if isinstance(part, Text) else part


def _break(message: Message) -> list[Part]:
    return [Text("\n\n")] if isinstance(message.parts[0], Text) else []


def _call(call_id: str, function: object) -> ToolCall:
    name, written = getattr(function, "name", ""), getattr(function, "arguments", "")
    try:
        arguments = json.loads(written or "{}")
    except (ValueError, RecursionError):
        arguments = {}
    return ToolCall(call_id, name, arguments if isinstance(arguments, dict) else {})


def _result(message: SaidIn, number: int, names: dict[str, str]) -> ToolResult:
    call_id = message.tool_call_id or ""
    if call_id not in names:
        raise refused(
            _("A message of the role tool has to follow the message with its tool call."),
            f"messages[{number}].tool_call_id",
        )
    return ToolResult(call_id, names.pop(call_id), _text(message, number))


def _require_results(names: dict[str, str], number: int) -> None:
    if names:
        sentence = _("A tool call has no message of the role tool with its result: %(id)s")
        raise refused(sentence % {"id": ", ".join(names)}, f"messages[{number}]")


def _text(message: SaidIn, number: int) -> str:
    parts = _parts(message, number)
    if any(not isinstance(part, Text) for part in parts):
        raise refused(_("Only text can stand here."), f"messages[{number}].content")
    return "".join(part.text for part in parts if isinstance(part, Text)).strip()


def _parts(message: SaidIn, number: int) -> list[Part]:
    if message.content is None:
        return []
    if isinstance(message.content, str):
        return [Text(message.content)] if message.content.strip() else []
    where = f"messages[{number}].content"
    found = [_part(part, f"{where}[{n}]") for n, part in enumerate(message.content)]
    return [part for part in found if not isinstance(part, Text) or part.text.strip()]


def _part(part: PartIn, param: str) -> Part:
    match part.type:
        case "text" if part.text is not None:
            return Text(part.text)
        case "refusal" if part.refusal is not None:
            return Text(part.refusal)
        case "image_url" if part.image_url is not None:
            return picture(part.image_url.url, f"{param}.image_url.url")
    sentence = _("Lontar reads text and image_url here, not %(kind)s.")
    raise refused(sentence % {"kind": part.type[:40]}, f"{param}.type")


def _check(messages: Sequence[Message]) -> None:
    if not messages or messages[-1].role == "assistant":
        sentence = _("The last message has to be one of the roles user or tool, and not empty.")
        raise refused(sentence, "messages")
    pictures = [p for m in messages for p in m.parts if isinstance(p, Image)]
    if len(pictures) > MOST:
        raise refused(_("Send at most 20 pictures."), "messages", "too_many_images")
