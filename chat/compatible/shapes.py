"""A completion as the protocol writes it, whole and in chunks.

Reference: https://platform.openai.com/docs/api-reference/chat/object
"""

import json
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from chat.compatible.turn import Ended
from llm.events import StopReason
from llm.messages import ToolCall, Usage
from rag.settling import Cited

FINISH: dict[StopReason, str] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "length": "length",
    "refusal": "content_filter",
    "content_filter": "content_filter",
    # The provider's stream ended without saying why: there may be more to say.
    "incomplete": "length",
}
DONE = b"data: [DONE]\n\n"


class Shapes:
    """Of one completion: all its parts carry the same id and time."""

    def __init__(self, with_usage: bool = False) -> None:
        self._same = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time())}
        self._with_usage = with_usage

    def whole(self, model: str, text: str, thought: str, ended: Ended) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": text if text or not ended.calls else None,
            "refusal": None,
            "citations": [citation(cited) for cited in ended.citations],
        }
        if thought:
            message["reasoning_content"] = thought
        if ended.calls:
            message["tool_calls"] = [_call(call) for call in ended.calls]
        choice = {"index": 0, "message": message, "logprobs": None}
        return {
            **self._same,
            "object": "chat.completion",
            "model": model,
            "choices": [{**choice, "finish_reason": FINISH[ended.reason]}],
            "usage": usage(ended.usage),
        }

    def delta(self, model: str, finish: str | None = None, **delta: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._chunk(model, [choice])

    def end(self, model: str, ended: Ended) -> list[bytes]:
        """The calls, the chunk that tells why it ended, and the usage where it was asked for."""
        calls = [
            self.delta(model, tool_calls=[{"index": number, **_call(call)}])
            for number, call in enumerate(ended.calls)
        ]
        citations = [citation(cited) for cited in ended.citations]
        last = [self.delta(model, FINISH[ended.reason], citations=citations)]
        if self._with_usage:
            last.append(self._chunk(model, [], usage(ended.usage)))
        return [*calls, *last, DONE]

    def _chunk(self, model: str, choices: Sequence[Any], used: Any = None) -> bytes:
        body = {
            **self._same,
            "object": "chat.completion.chunk",
            "model": model,
            "choices": choices,
        }
        return event({**body, "usage": used} if self._with_usage else body)


def event(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def usage(used: Usage) -> dict[str, Any]:
    """Of all calls of the model that the answer took, searches between them included."""
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning_tokens},
    }


def citation(cited: Cited) -> dict[str, Any]:
    hit = cited.source.hit
    return {
        "number": cited.source.number,
        "document_id": str(hit.document_id),
        "document": hit.filename,
        "page": hit.page,
        "page_unit": hit.page_unit,
        "page_label": hit.page_label,
        "quote": cited.excerpt,
        "cited": cited.cited,
        "verified": cited.verified,
        "similarity_score": round(hit.score, 4),
        "source_url": hit.source_url,
    }


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }
