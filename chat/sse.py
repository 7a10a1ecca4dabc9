"""The events of a generation under the names of S1's contract, as server-sent events.

Format: WHATWG HTML, section 9.2 "Server-sent events". The `id:` of an event is its number in the
log, so that a client can resume with `Last-Event-ID` or `?after=`.
"""

import json
from typing import Any

from chat.event_log import Frame

SOURCE_FIELDS = (
    "number",
    "document_id",
    "filename",
    "page",
    "similarity_score",
    "chunk_id",
    "chunk_index",
    "excerpt",
    "start",
    "end",
    "cited",
    "verified",
)


def encode(frame: Frame) -> bytes:
    seq, text, _last = frame
    named = _named(json.loads(text))
    if named is None:
        # Numbers must not have gaps for who resumes by them: an id without data sets the last one.
        return f"id: {seq}\n\n".encode()
    name, data = named
    body = json.dumps(data, ensure_ascii=False)
    return f"id: {seq}\nevent: {name}\ndata: {body}\n\n".encode()


def _named(event: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    match event["type"]:
        case "user_message":
            return "user_message", event["message"]
        case "tool":
            fields = ("name", "query", "status", "results_count", "error")
            return "rag_search", {k: event[k] for k in fields if k in event}
        case "stream_chunk":
            return "chunk", {"content": event["content"]}
        case "message_saved":
            return _done(event["message"])
        case "error":
            fields = ("code", "message", "retryable")
            return "error", {k: event[k] for k in fields}
    return None


def _done(message: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """`done`, unless the answer failed: then `error` was the last thing to say."""
    if message["status"] not in ("complete", "stopped"):
        return None
    sources = [{name: row[name] for name in SOURCE_FIELDS} for row in message["sources"]]
    names = ("id", "role", "content", "created_at", "status", "stop_reason", "model")
    return "done", {**{name: message[name] for name in names}, "sources": sources}
