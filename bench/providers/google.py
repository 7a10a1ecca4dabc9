"""Google's streamGenerateContent. https://ai.google.dev/api/generate-content"""

import json
from typing import Any

from bench.providers.steps import Asked, Call
from bench.providers.wire import CACHED, READ, SIGNATURE, quoted, sse, text_of

FINISHES = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "filter": "SAFETY",
    "refuse": "PROHIBITED_CONTENT",
}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Google:
    name = "google"

    def __init__(self, model: str) -> None:
        self.model = model
        self.words = self.thoughts = 0
        self._broken = False
        self._before = 'data: {"candidates":[{"content":{"role":"model","parts":[{"text":'
        self._after = f'}}]}},"index":0}}],"modelVersion":{quoted(model)}}}\n\n'

    def read(self, body: dict[str, Any]) -> Asked:
        asked = Asked()
        open_calls = 0
        for content in body.get("contents", []):
            parts = content.get("parts", [])
            answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
            asked.unpaired |= bool(open_calls) and len(answers) != open_calls
            open_calls = sum("functionCall" in part for part in parts)
            if answers:
                asked.results += [str(answer["response"].get("result")) for answer in answers]
            elif content.get("role", "user") == "user":
                asked = Asked(text_of(parts), signed=asked.signed)
            elif any("functionCall" in part for part in parts):
                asked.rounds += 1
                signed = any(part.get("thoughtSignature") == SIGNATURE for part in parts)
                asked.signed = asked.signed and signed
        for tool in body.get("tools") or []:
            asked.offered += [row["name"] for row in tool.get("functionDeclarations", [])]
        config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
        asked.barred = config.get("mode") == "NONE"
        return asked

    def begin(self) -> bytes:
        return b""

    def think(self, text: str) -> bytes:
        self.thoughts += 1
        return self._chunk([{"text": text, "thought": True}])

    def say(self, text: str) -> bytes:
        self.words += 1
        return f"{self._before}{quoted(text)}{self._after}".encode()

    def call(self, call: Call) -> bytes:
        try:
            arguments = json.loads(call.arguments)
        except ValueError:
            self._broken = True
            return b""
        written = {"name": call.name, "args": arguments}
        return self._chunk([{"functionCall": written, "thoughtSignature": SIGNATURE}])

    def finish(self, reason: str, usage: bool) -> bytes:
        counts = {
            "promptTokenCount": READ,
            "cachedContentTokenCount": CACHED,
            "candidatesTokenCount": self.words,
            "thoughtsTokenCount": self.thoughts,
        }
        more = {"usageMetadata": counts} if usage else {}
        broken = self._broken and reason == "tool_calls"
        name = "MALFORMED_FUNCTION_CALL" if broken else FINISHES[reason]
        return self._chunk([] if broken else [{"text": ""}], name, **more)

    def odd(self) -> bytes:
        return sse([1, "what is this"])

    def inband(self) -> bytes:
        return sse({"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}})

    def error(self, status: int, word: str) -> tuple[int, Any]:
        kinds = {
            "errspent": (429, "You exceeded your current quota, check your plan and billing"),
            "errkey": (400, "API key not valid. Please pass a valid API key."),
            "errlong": (400, "The input token count exceeds the maximum number of tokens allowed"),
            "errmodel": (404, f"models/{self.model} is not found"),
        }
        status, message = kinds.get(word, (status, "made to fail, secret"))
        details = [{"reason": "API_KEY_INVALID"}] if word == "errkey" else []
        name = STATUSES.get(status, "UNKNOWN")
        error = {"code": status, "status": name, "message": message, "details": details}
        return status, {"error": error}

    def _chunk(self, parts: list[Any], finish: str = "", **more: Any) -> bytes:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        return sse({"candidates": [candidate], "modelVersion": self.model, **more})
