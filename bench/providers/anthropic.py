"""Anthropic's messages. https://docs.anthropic.com/en/api/messages-streaming"""

from typing import Any

from bench.providers.steps import Asked, Call
from bench.providers.wire import CACHED, READ, SIGNATURE, paired, quoted, sse, text_of, thirds

STOPS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "filter": "refusal",
    "refuse": "refusal",
}
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Anthropic:
    name = "anthropic"

    def __init__(self, model: str) -> None:
        self.model = model
        self.index = -1
        self.open = ""
        self.words = 0

    def read(self, body: dict[str, Any]) -> Asked:
        asked = Asked()
        calls: list[str] = []
        results: list[str] = []
        for message in body.get("messages", []):
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            kinds = [block["type"] for block in blocks]
            calls += [block["id"] for block in blocks if block["type"] == "tool_use"]
            results += [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
            if "tool_result" in kinds:
                found = [text_of(b["content"]) for b in blocks if b["type"] == "tool_result"]
                asked.results += found
            elif message["role"] == "user":
                asked = Asked(text_of(blocks), signed=asked.signed)
            elif "tool_use" in kinds:
                asked.rounds += 1
                signed = any(block.get("signature") == SIGNATURE for block in blocks)
                asked.signed = asked.signed and signed
        asked.offered = [tool["name"] for tool in body.get("tools") or []]
        asked.unpaired = not paired(calls, results)
        asked.barred = (body.get("tool_choice") or {}).get("type") == "none"
        return asked

    def begin(self) -> bytes:
        head = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
        usage = {
            "input_tokens": READ - CACHED,
            "cache_read_input_tokens": CACHED,
            "cache_creation_input_tokens": 0,
            "output_tokens": 1,
        }
        message = {**head, "model": self.model, "stop_reason": None, "stop_sequence": None}
        return self._event("message_start", message={**message, "usage": usage})

    def think(self, text: str) -> bytes:
        start = self._block("thinking", thinking="", signature="")
        self.words += 1
        return start + self._delta({"type": "thinking_delta", "thinking": text})

    def say(self, text: str) -> bytes:
        start = self._block("text", text="") if self.open != "text" else b""
        self.words += 1
        delta = f'{{"type":"text_delta","text":{quoted(text)}}}'
        data = f'{{"type":"content_block_delta","index":{self.index},"delta":{delta}}}'
        return start + f"event: content_block_delta\ndata: {data}\n\n".encode()

    def call(self, call: Call) -> bytes:
        out = self._block("tool_use", id=call.id, name=call.name, input={})
        for part in thirds(call.arguments):
            out += self._delta({"type": "input_json_delta", "partial_json": part})
        return out + self._close()

    def finish(self, reason: str, usage: bool) -> bytes:
        delta = {"stop_reason": STOPS[reason], "stop_sequence": None}
        counts = {"output_tokens": self.words}
        return (
            self._close()
            + self._event("message_delta", delta=delta, usage=counts)
            + self._event("message_stop")
        )

    def odd(self) -> bytes:
        return self._event("content_block_delta", index=99, delta={"type": "text_delta"})

    def inband(self) -> bytes:
        return self._event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    def error(self, status: int, word: str) -> tuple[int, Any]:
        kinds = {
            "errspent": (429, "You have reached your spend limit"),
            "errkey": (401, "invalid key sk-secret"),
            "errlong": (400, "prompt is too long: 9 tokens > 8 maximum"),
            "errflagged": (400, "Output blocked by content filtering policy"),
            "errmodel": (404, f"model: {self.model}"),
        }
        status, message = kinds.get(word, (status, "made to fail, secret"))
        error: dict[str, Any] = {"type": KINDS.get(status, "api_error"), "message": message}
        if word == "errspent":
            error["details"] = {"error_code": "enforced_spend_limit_reached"}
        return status, {"type": "error", "error": error, "request_id": "req_1"}

    def _block(self, kind: str, **fields: Any) -> bytes:
        """The start of a block of this kind, unless one is open."""
        if self.open == kind:
            return b""
        out = self._close()
        self.index, self.open = self.index + 1, kind
        block = {"type": kind, **fields}
        return out + self._event("content_block_start", index=self.index, content_block=block)

    def _close(self) -> bytes:
        if not self.open:
            return b""
        signature = {"type": "signature_delta", "signature": SIGNATURE}
        out = self._delta(signature) if self.open == "thinking" else b""
        self.open = ""
        return out + self._event("content_block_stop", index=self.index)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._event("content_block_delta", index=self.index, delta=delta)

    def _event(self, kind: str, **fields: Any) -> bytes:
        return sse({"type": kind, **fields}, kind)
