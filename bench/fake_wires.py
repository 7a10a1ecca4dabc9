"""The three wire protocols from the provider's side: read a request, write the stream.

Each protocol is a class with `read(body) -> Asked` and `write(steps) -> bytes` pieces; what is said
is decided elsewhere, once for all.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """What matters of a request: the last question, and what tools have answered since."""

    question: str = ""
    results: list[str] = field(default_factory=list)
    offers_search: bool = False


@dataclass
class Call:
    name: str
    arguments: dict[str, Any]


Step = str | Call


def sse(data: Any, event: str = "") -> bytes:
    name = f"event: {event}\n" if event else ""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"{name}data: {text}\n\n".encode()


class OpenAI:
    """https://platform.openai.com/docs/api-reference/chat/streaming"""

    def read(self, body: dict[str, Any]) -> Asked:
        asked = Asked()
        for message in body.get("messages", []):
            if message["role"] == "user":
                asked = Asked(_text(message["content"]))
            elif message["role"] == "tool":
                asked.results.append(message["content"])
        names = [tool["function"]["name"] for tool in body.get("tools") or []]
        asked.offers_search = "document_search" in names and body.get("tool_choice") != "none"
        return asked

    def write(self, steps: Iterator[Step], model: str) -> Iterator[bytes]:
        yield self._chunk(model, {"role": "assistant", "content": ""})
        calls = words = 0
        for step in steps:
            if isinstance(step, Call):
                yield from self._call(model, calls, step)
                calls += 1
            else:
                words += 1
                yield self._chunk(model, {"content": step})
        yield self._chunk(model, {}, "tool_calls" if calls else "stop")
        usage = {"prompt_tokens": 100, "completion_tokens": words, "total_tokens": 100 + words}
        yield sse(self._body(model, [], usage=usage))
        yield sse("[DONE]")

    def _call(self, model: str, index: int, call: Call) -> Iterator[bytes]:
        function = {"name": call.name, "arguments": ""}
        first = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        yield self._chunk(model, {"tool_calls": [first]})
        text = json.dumps(call.arguments, ensure_ascii=False)
        middle = len(text) // 2
        for part in (text[:middle], text[middle:]):
            piece = {"index": index, "function": {"arguments": part}}
            yield self._chunk(model, {"tool_calls": [piece]})

    def _chunk(self, model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return sse(self._body(model, [choice]))

    def _body(self, model: str, choices: list[Any], **more: Any) -> dict[str, Any]:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
        return {**head, "model": model, "choices": choices, **more}


class Anthropic:
    """https://docs.anthropic.com/en/api/messages-streaming"""

    def read(self, body: dict[str, Any]) -> Asked:
        asked = Asked()
        for message in body.get("messages", []):
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            results = [_text(b["content"]) for b in blocks if b["type"] == "tool_result"]
            if results:
                asked.results += results
            elif message["role"] == "user":
                asked = Asked(_text(blocks))
        names = [tool["name"] for tool in body.get("tools") or []]
        barred = (body.get("tool_choice") or {}).get("type") == "none"
        asked.offers_search = "document_search" in names and not barred
        return asked

    def write(self, steps: Iterator[Step], model: str) -> Iterator[bytes]:
        head = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
        usage = {"input_tokens": 100, "output_tokens": 1}
        message = {**head, "model": model, "stop_reason": None, "stop_sequence": None}
        yield self._event("message_start", message={**message, "usage": usage})
        index, words, calls, is_open = 0, 0, 0, False
        for step in steps:
            if isinstance(step, Call):
                if is_open:
                    yield self._event("content_block_stop", index=index)
                    index, is_open = index + 1, False
                yield from self._call(index, step)
                index, calls = index + 1, calls + 1
                continue
            if not is_open:
                block = {"type": "text", "text": ""}
                yield self._event("content_block_start", index=index, content_block=block)
                is_open = True
            words += 1
            delta = {"type": "text_delta", "text": step}
            yield self._event("content_block_delta", index=index, delta=delta)
        if is_open:
            yield self._event("content_block_stop", index=index)
        delta = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
        yield self._event("message_delta", delta=delta, usage={"output_tokens": words})
        yield self._event("message_stop")

    def _call(self, index: int, call: Call) -> Iterator[bytes]:
        block = {"type": "tool_use", "id": f"toolu_{index}", "name": call.name, "input": {}}
        yield self._event("content_block_start", index=index, content_block=block)
        text = json.dumps(call.arguments, ensure_ascii=False)
        delta = {"type": "input_json_delta", "partial_json": text}
        yield self._event("content_block_delta", index=index, delta=delta)
        yield self._event("content_block_stop", index=index)

    def _event(self, kind: str, **fields: Any) -> bytes:
        return sse({"type": kind, **fields}, kind)


class Google:
    """https://ai.google.dev/api/generate-content"""

    def read(self, body: dict[str, Any]) -> Asked:
        asked = Asked()
        for content in body.get("contents", []):
            parts = content.get("parts", [])
            answers = [p["functionResponse"] for p in parts if "functionResponse" in p]
            if answers:
                asked.results += [str(answer["response"].get("result")) for answer in answers]
            elif content.get("role", "user") == "user":
                asked = Asked(_text(parts))
        names = [
            declared["name"]
            for tool in body.get("tools") or []
            for declared in tool.get("functionDeclarations", [])
        ]
        config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
        asked.offers_search = "document_search" in names and config.get("mode") != "NONE"
        return asked

    def write(self, steps: Iterator[Step], model: str) -> Iterator[bytes]:
        words = 0
        for step in steps:
            if isinstance(step, Call):
                call = {"name": step.name, "args": step.arguments}
                part = {"functionCall": call, "thoughtSignature": "c2lnbmVk"}
            else:
                words += 1
                part = {"text": step}
            yield self._chunk(model, [part])
        usage = {"promptTokenCount": 100, "candidatesTokenCount": words}
        yield self._chunk(model, [{"text": ""}], finishReason="STOP", usage=usage)

    def _chunk(
        self, model: str, parts: list[Any], usage: dict[str, int] | None = None, **more: Any
    ) -> bytes:
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **more}
        body: dict[str, Any] = {"candidates": [candidate], "modelVersion": model}
        return sse({**body, "usageMetadata": usage} if usage else body)


def _text(content: Any) -> str:
    """The text of a content that is text, or a list of parts some of which are."""
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content or [] if part.get("text"))
