"""What the three protocols have in common: a request that is read, and an answer in events."""

import json
from typing import Any, Protocol

from bench.providers.steps import Asked, Call

# What every answer is said to have cost: 100 tokens read, 40 of them cached.
READ, CACHED = 100, 40
SIGNATURE = "c2lnbmVk"


class Wire(Protocol):
    """One answer in one protocol. Every method gives the bytes of its events."""

    name: str
    model: str

    def __init__(self, model: str) -> None: ...

    def read(self, body: dict[str, Any]) -> Asked: ...

    def begin(self) -> bytes: ...

    def think(self, text: str) -> bytes: ...

    def say(self, text: str) -> bytes: ...

    def call(self, call: Call) -> bytes: ...

    def finish(self, reason: str, usage: bool) -> bytes: ...

    def odd(self) -> bytes: ...

    def inband(self) -> bytes: ...

    def error(self, status: int, word: str) -> tuple[int, Any]: ...


def sse(data: Any, event: str = "") -> bytes:
    name = f"event: {event}\n" if event else ""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"{name}data: {text}\n\n".encode()


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def text_of(content: Any) -> str:
    """The text of a content that is text, or a list of parts some of which are."""
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content or [] if part.get("text"))


def paired(calls: list[str], results: list[str]) -> bool:
    return len(set(calls)) == len(calls) and sorted(calls) == sorted(results)


def thirds(text: str) -> list[str]:
    """A text in three fragments, as arguments arrive."""
    cut = len(text) // 3
    return [text[:cut], text[cut : 2 * cut], text[2 * cut :]]
