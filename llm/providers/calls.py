"""Tool calls that arrive in pieces, made whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from llm.messages import JSONDict, ToolCall


def parse_arguments(call_id: str, name: str, text: str) -> ToolCall:
    """A call with these arguments; nothing at all means none, and what is no object is an error."""
    try:
        arguments = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        return ToolCall(call_id, name, {}, error=f"{error.msg} at character {error.pos}.")
    if not isinstance(arguments, dict):
        return ToolCall(call_id, name, {}, error="They are no object.")
    return ToolCall(call_id, name, arguments)


class UniqueIds:
    """Ids of the calls of one answer: a result has to find its call, and some servers give no id,
    or the same one twice, which others refuse to read again."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def take(self, call_id: str) -> str:
        """The id, or one of ours where it is missing or taken."""
        if not call_id or call_id in self._seen:
            # Unlike those of earlier rounds of the same conversation, too.
            call_id = f"call{token_hex(5)}"
        self._seen.add(call_id)
        return call_id


@dataclass(slots=True)
class _Slot:
    id: str = ""
    name: str = ""
    arguments: str = ""


class CallAssembler:
    """Collects the fragments of OpenAI's ``delta.tool_calls``.

    Fragments belong together by ``index``. Servers differ: some leave the index out, some send
    several calls under index 0 with ids of their own, some repeat the id in each fragment.
    """

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._by_index: dict[int | None, _Slot] = {}

    def __bool__(self) -> bool:
        return bool(self._slots)

    def take(self, piece: Any) -> None:
        """A fragment as the wire has it: {index?, id?, function?: {name?, arguments?}}."""
        index, call_id = piece.get("index"), piece.get("id")
        slot = self._by_index.get(index)
        if slot is None or (call_id and slot.id and call_id != slot.id):
            slot = _Slot()
            self._slots.append(slot)
            self._by_index[index] = slot
        slot.id = call_id or slot.id
        function = piece.get("function") or {}
        slot.name = slot.name or function.get("name") or ""
        slot.arguments += function.get("arguments") or ""

    def finished(self) -> list[ToolCall]:
        ids = UniqueIds()
        return [parse_arguments(ids.take(s.id), s.name, s.arguments) for s in self._slots]

    @staticmethod
    def written(call: ToolCall) -> JSONDict:
        """A call as it goes back to the model."""
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        return {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": arguments},
        }
