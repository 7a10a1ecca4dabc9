"""OpenAI's chat completions. https://platform.openai.com/docs/api-reference/chat/streaming"""

from typing import Any

from bench.providers.steps import Asked, Call
from bench.providers.wire import CACHED, READ, paired, quoted, sse, text_of, thirds

FINISHES = {"filter": "content_filter", "refuse": "stop"}


class OpenAI:
    name = "openai"

    def __init__(self, model: str) -> None:
        self.model = model
        self.calls = self.words = self.thoughts = 0
        head = f'"id":"chatcmpl-1","object":"chat.completion.chunk","model":{quoted(model)}'
        self._before = f'data: {{{head},"choices":[{{"index":0,"delta":{{"content":'
        self._after = '},"finish_reason":null}]}\n\n'

    def read(self, body: dict[str, Any]) -> Asked:
        asked = Asked()
        rows = body.get("messages", [])
        calls = [call["id"] for row in rows for call in row.get("tool_calls") or []]
        results = [row["tool_call_id"] for row in rows if row["role"] == "tool"]
        for message in rows:
            if message["role"] == "user":
                asked = Asked(text_of(message["content"]), signed=asked.signed)
            elif message["role"] == "tool":
                asked.results.append(message["content"])
            elif message.get("tool_calls"):
                asked.rounds += 1
                asked.signed = asked.signed and bool(message.get("reasoning_content"))
        asked.offered = [tool["function"]["name"] for tool in body.get("tools") or []]
        asked.unpaired = not paired(calls, results)
        asked.barred = body.get("tool_choice") == "none"
        return asked

    def begin(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def think(self, text: str) -> bytes:
        self.thoughts += 1
        return self._chunk({"reasoning_content": text})

    def say(self, text: str) -> bytes:
        self.words += 1
        return f"{self._before}{quoted(text)}{self._after}".encode()

    def call(self, call: Call) -> bytes:
        index, self.calls = self.calls, self.calls + 1
        function = {"name": call.name, "arguments": ""}
        first = {"index": index, "id": call.id, "type": "function", "function": function}
        out = self._chunk({"tool_calls": [first]})
        for fragment in thirds(call.arguments):
            piece = {"index": index, "function": {"arguments": fragment}}
            out += self._chunk({"tool_calls": [piece]})
        return out

    def finish(self, reason: str, usage: bool) -> bytes:
        last = {"refusal": "I cannot help with that."} if reason == "refuse" else {}
        out = self._chunk(last, FINISHES.get(reason, reason))
        if usage:
            written = self.words + self.thoughts
            counts = {
                "prompt_tokens": READ,
                "completion_tokens": written,
                "total_tokens": READ + written,
                "prompt_tokens_details": {"cached_tokens": CACHED},
                "completion_tokens_details": {"reasoning_tokens": self.thoughts},
            }
            out += sse(self._body([], usage=counts))
        return out + sse("[DONE]")

    def odd(self) -> bytes:
        return sse([1, "what is this"])

    def inband(self) -> bytes:
        return sse({"error": {"message": "The server is overloaded", "type": "server_error"}})

    def error(self, status: int, word: str) -> tuple[int, Any]:
        kinds = {
            "errspent": (429, "insufficient_quota", "You exceeded your current quota"),
            "errkey": (401, "invalid_api_key", "Incorrect API key provided: sk-secret"),
            "errlong": (400, "context_length_exceeded", "The maximum context length is 8"),
            "errflagged": (403, "403", "Your input was flagged by the moderation"),
            "errmodel": (404, "model_not_found", f"The model {self.model} does not exist"),
        }
        status, code, message = kinds.get(word, (status, str(status), "made to fail, secret"))
        error = {"message": message, "type": "simulated", "param": None, "code": code}
        return status, {"error": error}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return sse(self._body([{"index": 0, "delta": delta, "finish_reason": finish}]))

    def _body(self, choices: list[Any], **more: Any) -> dict[str, Any]:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
        return {**head, "model": self.model, "choices": choices, **more}
