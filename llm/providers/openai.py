"""The OpenAI protocol (chat completions): OpenAI, Ollama, OpenRouter, Hugging Face and all servers
that speak it (vLLM, LM Studio, llama.cpp).

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx2
import openai

from llm.base import Abilities, Endpoint
from llm.errors import LLMError, llm_error
from llm.events import Completed, Event
from llm.messages import Image, JSONDict, Message, Request, Text, ToolResult
from llm.providers import adapting, failures
from llm.providers.answers import Answer
from llm.providers.calls import CallAssembler
from llm.providers.chunks import ChunkStream, joined
from llm.providers.clients import TIMEOUT, sdk_client


def make_client(endpoint: Endpoint, http: httpx2.AsyncClient) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        # The SDK insists on a key; a server of one's own often has none.
        api_key=endpoint.key or "none",
        base_url=endpoint.base_url,
        http_client=http,
        timeout=TIMEOUT,
        max_retries=0,
    )


class OpenAIModel:
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
        answer = Answer()
        chunks = await self._opened(client, request)
        async with chunks:
            if whole := await failures.whole_answer(chunks.response):
                for event in answer.whole(whole):
                    yield event
            else:
                await failures.require_stream(chunks.response)
                async for together in chunks:
                    for event in joined(answer.take(chunk) for chunk in together):
                        yield event
        for event in [*answer.rest(), *answer.calls.finished()]:
            yield event
        yield Completed(answer.usage, answer.stop_reason(), answer.opaque(self.endpoint.kind))

    async def _opened(self, client: openai.AsyncOpenAI, request: Request) -> Any:
        """The answer's stream, asked for in a way this server takes."""
        where, body = (self.endpoint.base_url, request.model), self._body(request)
        known = adapting.known(where)
        while True:
            sent = adapting.fitted(body, known)
            try:
                opened = await self._post(client, sent)
            except openai.APIStatusError as error:
                if "tools" in sent and adapting.takes_no_tools(error):
                    raise llm_error("no_tools") from error
                more = adapting.learned(known, sent, error)
                if more is None:
                    raise
                known = more
            else:
                adapting.remember(where, known)
                return opened

    async def _post(self, client: openai.AsyncOpenAI, body: JSONDict) -> Any:
        # Not chat.completions.create: the SDK would make a model object of every chunk, which costs
        # more processor time than all the rest of an answer. Its requests and errors are the same.
        return await client.post(
            "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=ChunkStream
        )

    def _body(self, request: Request) -> JSONDict:
        parameters = self.abilities.parameters
        body: JSONDict = {
            "model": request.model,
            "messages": [row for m in self._conversation(request) for row in self._rows(m)],
            "stream": True,
        }
        if parameters.get("stream_usage", True):
            body["stream_options"] = {"include_usage": True}
        # Left out rather than forbidden: not every server knows tool_choice.
        if request.tools and request.call_tools and self.abilities.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in request.tools
            ]
        if request.max_tokens:
            body[parameters.get("max_tokens", "max_tokens")] = request.max_tokens
        body.update(_wished(request, bool(parameters.get("temperature"))))
        if parameters.get("body"):
            body.update(parameters["body"])
        return body

    def _conversation(self, request: Request) -> list[Message | str]:
        return [request.system, *request.messages] if request.system else [*request.messages]

    def _rows(self, message: Message | str) -> list[JSONDict]:
        if isinstance(message, str):
            return [{"role": "system", "content": message}]
        if message.role == "tool":
            return [
                {"role": "tool", "tool_call_id": part.call_id, "content": part.content}
                for part in message.parts
                if isinstance(part, ToolResult)
            ]
        if message.role == "assistant":
            return [self._assistant(message)]
        return [{"role": "user", "content": self._content(message)}]

    def _assistant(self, message: Message) -> JSONDict:
        row: JSONDict = {"role": "assistant", "content": message.text or None}
        if message.tool_calls:
            row["tool_calls"] = [CallAssembler.written(call) for call in message.tool_calls]
            row.update(message.opaque(self.endpoint.kind) or {})
        return row

    def _content(self, message: Message) -> str | list[JSONDict]:
        images = [part for part in message.parts if isinstance(part, Image)]
        if not images or not self.abilities.vision:
            return message.text
        return [_part(part) for part in message.parts if isinstance(part, Text | Image)]


def _wished(request: Request, is_warm: bool) -> JSONDict:
    wishes = request.wishes
    wished: JSONDict = {
        "temperature": wishes.temperature if is_warm else None,
        "top_p": wishes.top_p if is_warm else None,
        "stop": list(wishes.stop) or None,
        "seed": wishes.seed,
        "presence_penalty": wishes.presence_penalty,
        "frequency_penalty": wishes.frequency_penalty,
        "response_format": wishes.response_format,
    }
    if request.tools and request.call_tools:
        wished["parallel_tool_calls"] = wishes.parallel_tool_calls
        wished["tool_choice"] = _choice(wishes.tool_choice)
    return {name: value for name, value in wished.items() if value is not None}


def _choice(name: str) -> str | JSONDict | None:
    if name in ("", "required"):
        return name or None
    return {"type": "function", "function": {"name": name}}


def _part(part: Text | Image) -> JSONDict:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    data = base64.b64encode(part.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{data}"}}


def failure(error: Exception, spoken: bool) -> LLMError | None:
    if isinstance(error, openai.APITimeoutError):
        return llm_error("timeout")
    if isinstance(error, openai.APIConnectionError):
        return failures.broken_connection(error, spoken)
    if isinstance(error, openai.APIStatusError):
        after = failures.retry_after(error.response.headers)
        return failures.by_status(error.status_code, f"{error.code} {error.body}", after)
    if isinstance(error, openai.APIError):
        # An error inside the stream: no status, or (OpenRouter) the status as its code.
        if error.code and error.code.isdigit():
            return failures.by_status(int(error.code), str(error.body))
        return failures.by_text(f"{error.code} {error.type} {error.message}", "interrupted")
    return None
