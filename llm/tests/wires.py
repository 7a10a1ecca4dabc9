"""The three wire protocols, spoken by a mock transport: what a test wants to be said, as bytes."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2

from llm.base import Abilities, Endpoint
from llm.providers.anthropic import AnthropicModel
from llm.providers.google import GoogleModel
from llm.providers.openai import OpenAIModel


class Body(httpx2.AsyncByteStream):
    """Pieces of a stream. An exception among them is raised; ``None`` waits for ever."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if piece is None:
                await asyncio.Event().wait()
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.closed = True


class Wire:
    """One provider's protocol. ``requests`` keeps the bodies that were sent."""

    kind = ""
    protocol = ""
    base_url = "https://provider.test"
    adapter: type
    unreadable = b"event: content_block_delta\ndata: {not json\n\n"

    def __init__(self):
        self.requests = []
        self.headers = []
        self.urls = []
        self.body = None
        self.status = 200
        self.answer_headers = {}

    def model(self, **abilities):
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))
        endpoint = Endpoint(self.kind, self.base_url, "sk-test")
        return self.adapter(endpoint, Abilities(**abilities), http)

    def _handle(self, request):
        self.requests.append(json.loads(request.content))
        self.headers.append(request.headers)
        self.urls.append(str(request.url))
        if isinstance(self.body, Exception):
            raise self.body
        if self.status != 200:
            return httpx2.Response(self.status, headers=self.answer_headers, json=self.body)
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=self.body)

    def plays(self, pieces):
        self.body = Body(pieces)
        return self

    def fails(self, status, body, **headers):
        self.status, self.body, self.answer_headers = status, body, headers
        return self

    def breaks(self, error):
        self.body = error
        return self


def sse(data, event=""):
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


class OpenAIWire(Wire):
    kind = protocol = "openai"
    base_url = "https://provider.test/v1"
    adapter = OpenAIModel
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": 9,
        "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    stops = {
        "stop": "stop",
        "tool_calls": "tool_calls",
        "length": "length",
        "content_filter": "content_filter",
    }

    def chunk(self, delta, finish=None, **extra):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return sse({"id": "c1", "object": "chat.completion.chunk", "choices": [choice], **extra})

    def text(self, *pieces):
        return [self.chunk({"role": "assistant", "content": piece}) for piece in pieces]

    def reasoning(self, *pieces):
        return [self.chunk({"reasoning_content": piece}) for piece in pieces]

    def calls(self, *calls):
        """(id, name, [argument fragments]) each, interleaved as OpenAI does it."""
        out = []
        for index, (call_id, name, fragments) in enumerate(calls):
            first = {"index": index, "id": call_id, "function": {"name": name, "arguments": ""}}
            out.append(self.chunk({"tool_calls": [{"type": "function", **first}]}))
            for fragment in fragments:
                piece = {"index": index, "function": {"arguments": fragment}}
                out.append(self.chunk({"tool_calls": [piece]}))
        return out

    def end(self, reason):
        usage = sse(
            {"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": self.usage}
        )
        return [self.chunk({}, self.stops[reason]), usage, sse("[DONE]")]

    def error_inside(self):
        return [sse({"error": {"message": "overloaded, secret", "code": "rate_limit_exceeded"}})]


class AnthropicWire(Wire):
    kind = protocol = "anthropic"
    adapter = AnthropicModel
    stops = {
        "stop": "end_turn",
        "tool_calls": "tool_use",
        "length": "max_tokens",
        "refusal": "refusal",
    }

    def __init__(self):
        super().__init__()
        self.blocks = 0

    def plays(self, pieces):
        message = {
            "id": "m1",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "m",
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 12,
                "cache_read_input_tokens": 8,
                "cache_creation_input_tokens": 0,
                "output_tokens": 1,
            },
        }
        return super().plays([self.event("message_start", message=message), *pieces])

    def event(self, kind, **fields):
        return sse({"type": kind, **fields}, kind)

    def block(self, start, deltas):
        index, self.blocks = self.blocks, self.blocks + 1
        return [
            self.event("content_block_start", index=index, content_block=start),
            *(self.event("content_block_delta", index=index, delta=delta) for delta in deltas),
            self.event("content_block_stop", index=index),
        ]

    def text(self, *pieces):
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
        return self.block({"type": "text", "text": ""}, deltas)

    def reasoning(self, *pieces):
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
        signature = {"type": "signature_delta", "signature": "c2lnbmVk"}
        return self.block(
            {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signature]
        )

    def calls(self, *calls):
        out = []
        for call_id, name, fragments in calls:
            start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in fragments]
            out += self.block(start, deltas)
        return out

    def end(self, reason):
        delta = {"stop_reason": self.stops[reason], "stop_sequence": None}
        return [
            self.event("message_delta", delta=delta, usage={"output_tokens": 9}),
            self.event("message_stop"),
        ]

    def error_inside(self):
        return [self.event("error", error={"type": "overloaded_error", "message": "secret"})]


class GoogleWire(Wire):
    kind = protocol = "google"
    adapter = GoogleModel
    stops = {
        "stop": "STOP",
        "tool_calls": "STOP",
        "length": "MAX_TOKENS",
        "content_filter": "SAFETY",
    }

    def chunk(self, parts, finish=None, **extra):
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        return sse({"candidates": [candidate], "modelVersion": "m", **extra})

    def text(self, *pieces):
        return [self.chunk([{"text": piece}]) for piece in pieces]

    def reasoning(self, *pieces):
        return [self.chunk([{"text": piece, "thought": True}]) for piece in pieces]

    def calls(self, *calls):
        return [
            self.chunk(
                [
                    {
                        "functionCall": {"name": name, "args": json.loads("".join(parts) or "{}")},
                        "thoughtSignature": "c2lnbmVk",
                    }
                ]
            )
            for _, name, parts in calls
        ]

    def end(self, reason):
        usage = {
            "promptTokenCount": 20,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 4,
            "cachedContentTokenCount": 8,
        }
        return [self.chunk([{"text": ""}], self.stops[reason], usageMetadata=usage)]

    def error_inside(self):
        body = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded, secret"}}
        return [sse(body)]


class OllamaWire(OpenAIWire):
    kind = "ollama"


class OpenRouterWire(OpenAIWire):
    kind = "openrouter"


class HuggingFaceWire(OpenAIWire):
    kind = "huggingface"


class CompatibleWire(OpenAIWire):
    kind = "openai_compatible"


WIRES = {
    wire.kind: wire
    for wire in (
        OpenAIWire,
        AnthropicWire,
        GoogleWire,
        OllamaWire,
        OpenRouterWire,
        HuggingFaceWire,
        CompatibleWire,
    )
}
# These speak OpenAI's protocol, and pass through the same table.
ALIKE = [kind for kind, wire in WIRES.items() if issubclass(wire, OpenAIWire)]
