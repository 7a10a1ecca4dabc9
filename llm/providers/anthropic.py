"""Anthropic's own protocol (messages).

Reference: https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import anthropic
import httpx2

from llm.base import Abilities, Endpoint
from llm.errors import LLMError, llm_error
from llm.events import Completed, Event, ReasoningDelta, StopReason, TextDelta
from llm.messages import (
    Image,
    JSONDict,
    Message,
    Opaque,
    Part,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Usage,
)
from llm.providers import failures
from llm.providers.calls import UniqueIds, parse_arguments
from llm.providers.clients import TIMEOUT, sdk_client

# The protocol demands a limit; this is for a model nobody has described.
DEFAULT_MAX_TOKENS = 4096
STOPS: dict[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


def make_client(endpoint: Endpoint, http: httpx2.AsyncClient) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        api_key=endpoint.key or "none",
        base_url=endpoint.base_url,
        http_client=http,
        timeout=TIMEOUT,
        max_retries=0,
    )


class AnthropicModel:
    def __init__(
        self, endpoint: Endpoint, abilities: Abilities, http: httpx2.AsyncClient | None = None
    ) -> None:
        self.endpoint = endpoint
        self.abilities = abilities
        self._http = http

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        async with aclosing(failures.translated(self._events(request), failure)) as events:
            async for event in events:
                yield event

    async def _events(self, request: Request) -> AsyncIterator[Event]:
        client = sdk_client(self.endpoint, make_client, self._http)
        answer = _Answer()
        chunks: Any = await client.messages.create(**self._body(request))
        async with chunks:
            await failures.require_stream(chunks.response)
            async for chunk in chunks:
                if event := answer.take(chunk):
                    yield event
        yield Completed(answer.usage, answer.stop_reason, answer.opaque(self.endpoint.kind))

    def _body(self, request: Request) -> JSONDict:
        limit = request.max_tokens or self.abilities.max_output_tokens or DEFAULT_MAX_TOKENS
        body: JSONDict = {
            "model": request.model,
            "max_tokens": limit,
            "messages": [self._message(message) for message in request.messages],
            "stream": True,
        }
        if request.system:
            body["system"] = request.system
        if request.tools and self.abilities.tools:
            body["tools"] = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": tool.parameters,
                }
                for tool in request.tools
            ]
            # A conversation that holds calls is refused without its tools.
            body["tool_choice"] = _choice(request)
        if request.wishes.stop:
            body["stop_sequences"] = list(request.wishes.stop)
        if schema := (request.wishes.response_format or {}).get("json_schema"):
            wanted = {"type": "json_schema", "schema": schema.get("schema") or {}}
            body["output_config"] = {"format": wanted}
        if self.abilities.parameters.get("body"):
            body["extra_body"] = dict(self.abilities.parameters["body"])
        return body

    def _message(self, message: Message) -> JSONDict:
        role = "assistant" if message.role == "assistant" else "user"
        content = message.opaque(self.endpoint.kind)
        if content is None:
            content = [block for part in message.parts if (block := self._block(part))]
        return {"role": role, "content": content}

    def _block(self, part: Part) -> JSONDict | None:
        match part:
            case Text(text) if text:
                return {"type": "text", "text": text}
            case Image(media_type, data) if self.abilities.vision:
                source = {
                    "type": "base64",
                    "media_type": media_type,
                    "data": base64.b64encode(data).decode(),
                }
                return {"type": "image", "source": source}
            case ToolCall():
                return {
                    "type": "tool_use",
                    "id": part.id,
                    "name": part.name,
                    "input": part.arguments,
                }
            case ToolResult():
                return {
                    "type": "tool_result",
                    "tool_use_id": part.call_id,
                    "content": part.content,
                    "is_error": part.is_error,
                }
        return None


def _choice(request: Request) -> JSONDict:
    if not request.call_tools:
        return {"type": "none"}
    name, parallel = request.wishes.tool_choice, request.wishes.parallel_tool_calls
    choice: JSONDict = {"type": "tool", "name": name}
    if name in ("", "required"):
        choice = {"type": "any" if name else "auto"}
    return {**choice, "disable_parallel_tool_use": True} if parallel is False else choice


class _Answer:
    """Follows the blocks of one message. They are kept as they came: thinking is signed, and has
    to go back unchanged."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.stop_reason: StopReason = "incomplete"
        self._blocks: dict[int, JSONDict] = {}
        self._arguments: dict[int, str] = {}
        self._ids = UniqueIds()

    def take(self, chunk: Any) -> Event | None:
        match chunk.type:
            case "message_start":
                self._count(chunk.message.usage)
            case "content_block_start":
                self._blocks[chunk.index] = chunk.content_block.to_dict()
            case "content_block_delta":
                return self._delta(self._blocks[chunk.index], chunk.index, chunk.delta)
            case "content_block_stop":
                return self._call(chunk.index)
            case "message_delta":
                self._count(chunk.usage)
                if chunk.delta.stop_reason:
                    self.stop_reason = STOPS.get(chunk.delta.stop_reason, "incomplete")
        return None

    def _delta(self, block: JSONDict, index: int, delta: Any) -> Event | None:
        match delta.type:
            case "text_delta":
                block["text"] = block.get("text", "") + delta.text
                return TextDelta(delta.text) if delta.text else None
            case "thinking_delta":
                block["thinking"] = block.get("thinking", "") + delta.thinking
                return ReasoningDelta(delta.thinking) if delta.thinking else None
            case "signature_delta":
                block["signature"] = delta.signature
            case "input_json_delta":
                self._arguments[index] = self._arguments.get(index, "") + delta.partial_json
        return None

    def _call(self, index: int) -> ToolCall | None:
        block = self._blocks[index]
        if block["type"] != "tool_use":
            return None
        written = self._arguments.get(index) or json.dumps(block.get("input") or {})
        block["id"] = self._ids.take(block["id"])
        call = parse_arguments(block["id"], block["name"], written)
        block["input"] = call.arguments
        return call

    def _count(self, usage: Any) -> None:
        """Counts are totals so far; what a later event leaves out stays as it was."""
        if usage is None:
            return
        parts = (
            usage.input_tokens,
            usage.cache_read_input_tokens,
            usage.cache_creation_input_tokens,
        )
        read = sum(part or 0 for part in parts)
        self.usage = Usage(
            input_tokens=read or self.usage.input_tokens,
            output_tokens=usage.output_tokens or self.usage.output_tokens,
            cached_tokens=usage.cache_read_input_tokens or self.usage.cached_tokens,
        )

    def opaque(self, kind: str) -> Opaque | None:
        blocks = [block for _, block in sorted(self._blocks.items())]
        if not any(block["type"] == "tool_use" for block in blocks):
            return None
        return Opaque(kind, [block for block in blocks if block != {"type": "text", "text": ""}])


def failure(error: Exception, spoken: bool) -> LLMError | None:
    if isinstance(error, anthropic.APITimeoutError):
        return llm_error("timeout")
    if isinstance(error, anthropic.APIConnectionError):
        return failures.broken_connection(error, spoken)
    if isinstance(error, anthropic.APIStatusError):
        text = f"{error.type} {error.error_code} {error.body}"
        if error.status_code == 200:
            # An error inside the stream keeps the status the stream began with.
            return failures.by_text(text, "interrupted")
        return failures.by_status(
            error.status_code, text, failures.retry_after(error.response.headers)
        )
    return None
