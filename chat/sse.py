"""The events of a generation under the names of S1's contract, as server-sent events.

Format: WHATWG HTML, section 9.2 "Server-sent events". The `id:` of an event is its number in the
log, so that a client can resume with `Last-Event-ID` or `?after=`.
"""

import json
from collections.abc import Sequence
from typing import Any

from chat.event_log import Frame

STEP_FIELDS = ("name", "query", "status", "results_count", "error")
DONE_FIELDS = ("id", "role", "content", "created_at", "status", "stop_reason", "model")
SOURCE_FIELDS = (
    "number",
    "document_id",
    "filename",
    "page",
    "page_unit",
    "page_label",
    "similarity_score",
    "chunk_id",
    "chunk_index",
    "excerpt",
    "start",
    "end",
    "cited",
    "verified",
    "match",
    "quotes",
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
            return "rag_search", _picked(event, STEP_FIELDS)
        case "stream_chunk":
            return "chunk", {"content": event["content"]}
        case "message_saved":
            return _done(event["message"])
        case "error":
            return "error", _picked(event, ("code", "message", "retryable", "retry_after"))
    return None


def _done(message: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """`done`, unless the answer failed: then `error` was the last thing to say."""
    if message["status"] not in ("complete", "stopped"):
        return None
    sources = [_picked(row, SOURCE_FIELDS) for row in message["sources"]]
    return "done", {**_picked(message, DONE_FIELDS), "sources": sources}


def _picked(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}
