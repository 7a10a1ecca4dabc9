"""Google's own protocol (Gemini API, streamGenerateContent).

Reference: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from secrets import token_hex
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types

from llm.base import Abilities, Endpoint
from llm.errors import LLMError, llm_error
from llm.events import Completed, Event, ReasoningDelta, StopReason, TextDelta
from llm.messages import (
    Image,
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
from llm.providers.clients import close_all, opened, sdk_client
from llm.providers.lines import keep_data_lines

# Calls without an id get one of ours; it is not sent back.
OWN_ID = "lontar-"
STOPS: dict[str, StopReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "ESCALATION": "content_filter",
    "LANGUAGE": "refusal",
}
BROKEN = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"})


def make_client(endpoint: Endpoint, http: httpx2.AsyncClient) -> genai.Client:
    http.event_hooks["response"].append(keep_data_lines)
    options = types.HttpOptions(base_url=endpoint.base_url, httpx_async_client=http)
    return genai.Client(api_key=endpoint.key or "none", vertexai=False, http_options=options)


class GoogleModel:
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
        responses: list[httpx2.Response] = []
        # The SDK opens the connection with the first chunk, and leaves it open when it is left.
        token = opened.set(responses)
        try:
            chunks = await client.aio.models.generate_content_stream(
                model=request.model,
                contents=[self._content(message) for message in request.messages],
                config=self._config(request),
            )
            chunk = await anext(chunks, None)
        finally:
            opened.reset(token)
        try:
            while chunk is not None:
                for event in answer.take(chunk):
                    yield event
                chunk = await anext(chunks, None)
        finally:
            await close_all(responses)
        yield Completed(answer.usage, answer.stop_reason(), answer.opaque(self.endpoint.kind))

    def _config(self, request: Request) -> types.GenerateContentConfig:
        parameters = self.abilities.parameters
        config = types.GenerateContentConfig(
            system_instruction=request.system or None,
            max_output_tokens=request.max_tokens,
            automatic_continuation=False,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        _wish(config, request, bool(parameters.get("temperature")))
        if request.tools and self.abilities.tools:
            declared = [
                types.FunctionDeclaration(
                    name=tool.name,
                    description=tool.description,
                    parameters_json_schema=tool.parameters,
                )
                for tool in request.tools
            ]
            config.tools = [types.Tool(function_declarations=declared)]
            config.tool_config = types.ToolConfig(function_calling_config=_calling(request))
        if parameters.get("body"):
            config.http_options = types.HttpOptions(extra_body=dict(parameters["body"]))
        return config

    def _content(self, message: Message) -> types.Content:
        kept = message.opaque(self.endpoint.kind)
        if kept is not None:
            return types.Content.model_validate_json(json.dumps(kept))
        role = "model" if message.role == "assistant" else "user"
        return types.Content(
            role=role, parts=[p for part in message.parts if (p := self._part(part))]
        )

    def _part(self, part: Part) -> types.Part | None:
        match part:
            case Text(text) if text:
                return types.Part(text=text)
            case Image(media_type, data) if self.abilities.vision:
                return types.Part.from_bytes(data=data, mime_type=media_type)
            case ToolCall():
                call = types.FunctionCall(id=_sent_id(part.id), name=part.name, args=part.arguments)
                return types.Part(function_call=call)
            case ToolResult():
                key = "error" if part.is_error else "result"
                response = types.FunctionResponse(
                    id=_sent_id(part.call_id), name=part.name, response={key: part.content}
                )
                return types.Part(function_response=response)
        return None


def _wish(config: types.GenerateContentConfig, request: Request, is_warm: bool) -> None:
    wishes = request.wishes
    if is_warm:
        config.temperature, config.top_p = wishes.temperature, wishes.top_p
    config.stop_sequences = list(wishes.stop) or None
    config.seed = wishes.seed
    config.presence_penalty = wishes.presence_penalty
    config.frequency_penalty = wishes.frequency_penalty
    if wishes.response_format and wishes.response_format.get("type") != "text":
        config.response_mime_type = "application/json"
        schema = wishes.response_format.get("json_schema") or {}
        config.response_json_schema = schema.get("schema")


def _calling(request: Request) -> types.FunctionCallingConfig:
    modes, name = types.FunctionCallingConfigMode, request.wishes.tool_choice
    if not request.call_tools:
        return types.FunctionCallingConfig(mode=modes.NONE)
    if name in ("", "required"):
        return types.FunctionCallingConfig(mode=modes.ANY if name else modes.AUTO)
    return types.FunctionCallingConfig(mode=modes.ANY, allowed_function_names=[name])


def _sent_id(call_id: str) -> str | None:
    return None if call_id.startswith(OWN_ID) else call_id


class _Answer:
    def __init__(self) -> None:
        self.usage = Usage()
        self._parts: list[types.Part] = []
        self._calls = 0
        self._finish: str | None = None
        self._blocked = False

    def take(self, chunk: types.GenerateContentResponse) -> list[Event]:
        if chunk.usage_metadata:
            self.usage = _usage(chunk.usage_metadata)
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            self._blocked = True
        events: list[Event] = []
        for candidate in (chunk.candidates or [])[:1]:
            for part in (candidate.content and candidate.content.parts) or []:
                self._parts.append(part)
                if event := self._event(part):
                    events.append(event)
            if candidate.finish_reason:
                self._finish = candidate.finish_reason.value
        if self._finish in BROKEN and all(part.thought for part in self._parts):
            raise llm_error("malformed")
        return events

    def _event(self, part: types.Part) -> Event | None:
        if part.function_call:
            self._calls += 1
            call = part.function_call
            return ToolCall(
                call.id or f"{OWN_ID}{token_hex(5)}", call.name or "", dict(call.args or {})
            )
        if part.text and part.thought:
            return ReasoningDelta(part.text)
        return TextDelta(part.text) if part.text else None

    def stop_reason(self) -> StopReason:
        if self._blocked:
            return "content_filter"
        if self._finish is None:
            return "incomplete"
        reason = STOPS.get(self._finish, "incomplete")
        return "tool_calls" if reason == "stop" and self._calls else reason

    def opaque(self, kind: str) -> Opaque | None:
        """Every part as it came: a call whose thought signature is missing is refused."""
        if not self._calls:
            return None
        content = types.Content(role="model", parts=self._parts)
        return Opaque(kind, content.model_dump(mode="json", exclude_none=True))


def _usage(usage: Any) -> Usage:
    thought = usage.thoughts_token_count or 0
    return Usage(
        input_tokens=usage.prompt_token_count or 0,
        output_tokens=(usage.candidates_token_count or 0) + thought,
        cached_tokens=usage.cached_content_token_count or 0,
        reasoning_tokens=thought,
    )


def failure(error: Exception, spoken: bool) -> LLMError | None:
    if isinstance(error, errors.APIError):
        text = f"{error.status} {error.message} {error.details}"
        status = error.code if isinstance(error.code, int) else 0
        if spoken and not status:
            return failures.by_text(text, "interrupted")
        headers = getattr(error.response, "headers", None) or {}
        return failures.by_status(status, text, failures.retry_after(headers))
    if isinstance(error, errors.UnknownApiResponseError):
        return llm_error("malformed")
    return None
