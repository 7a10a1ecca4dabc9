"""The one error shape (RFC 9457) and each status that has it, as components of the document."""

from http import HTTPStatus
from typing import Any

from core.http import PROBLEM

_FIELD_ERROR = {
    "type": "object",
    "required": ["field", "message"],
    "properties": {
        "field": {"type": "string", "description": "Dots lead into lists and objects."},
        "message": {"type": "string"},
    },
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it; `detail` is a sentence for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "In the language of Accept-Language."},
        "code": {"type": "string", "description": "For programs: does not change."},
        "retryable": {
            "type": "boolean",
            "description": "Whether the same request may succeed later.",
        },
        "errors": {"type": "array", "items": _FIELD_ERROR},
    },
}
OPENAI_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string", "description": "In the language asked for."},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"], "description": "What is at fault."},
                "code": {"type": "string", "description": "For programs: does not change."},
            },
        }
    },
}
# Status: (name of the component, when, an example's code and sentence).
STATUSES: dict[int, tuple[str, str, str, str]] = {
    400: (
        "BadRequest",
        "The body is not what its media type says.",
        "parse_error",
        "JSON parse error.",
    ),
    401: (
        "NotAuthenticated",
        "Nobody is logged in, or the token or key is no good.",
        "not_authenticated",
        "Log in first, or send a valid access token.",
    ),
    403: (
        "Forbidden",
        "This account, key or (from a browser) this page may not do this.",
        "forbidden",
        "Your account may not do this.",
    ),
    404: (
        "NotFound",
        "It does not exist, or the caller may not see it: both look the same.",
        "not_found",
        "This does not exist, or you may not see it.",
    ),
    405: ("MethodNotAllowed", "Not with this method.", "method_not_allowed", "Method not allowed."),
    409: (
        "Conflict",
        "Not in the state it is in.",
        "conflict",
        "Something else is going on with this right now. Wait a moment and try again.",
    ),
    413: ("TooLarge", "The body is too large.", "too_large", "That is too large."),
    415: (
        "UnsupportedMediaType",
        "The body has a media type that is not read here.",
        "unsupported_media_type",
        "Unsupported media type in request.",
    ),
    416: ("RangeNotSatisfiable", "The file ends before this range.", "range", "Out of range."),
    422: (
        "Invalid",
        "Some value is not possible; `errors` names the fields.",
        "invalid",
        "Some fields need another value.",
    ),
    424: (
        "FailedDependency",
        "A service that was asked for this did not do it.",
        "provider",
        "The provider did not answer.",
    ),
    429: (
        "TooMany",
        "Too many requests, or a budget is spent; Retry-After tells when to try again.",
        "too_many",
        "Too many requests. Wait a moment and try again.",
    ),
    502: ("ModelFailed", "The model did not answer.", "provider", "The model did not answer."),
    503: (
        "Unavailable",
        "A part of Lontar does not answer.",
        "unavailable",
        "A part of Lontar is not answering. Try again in a minute.",
    ),
}


def reference(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{STATUSES[status][0]}"}


def openai_reference(status: int) -> dict[str, str]:
    name = {401: "OpenAINotAuthenticated", 429: "OpenAITooMany"}.get(status, "OpenAIError")
    return {"$ref": f"#/components/responses/{name}"}


def components() -> dict[str, Any]:
    """The responses that operations refer to."""
    found = {row[0]: _response(status, *row[1:]) for status, row in STATUSES.items()}
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}
    plain = {"description": "What went wrong, as the protocol has it.", "content": body}
    found["OpenAIError"] = plain
    found["OpenAINotAuthenticated"] = plain | {"headers": found["NotAuthenticated"]["headers"]}
    found["OpenAITooMany"] = plain | {"headers": found["TooMany"]["headers"]}
    return found


def _response(status: int, when: str, code: str, sentence: str) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
        "code": code,
        "retryable": status in (429, 503),
    }
    found: dict[str, Any] = {
        "description": when,
        "content": {
            PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
        },
    }
    if status == 429:
        found["headers"] = {
            "Retry-After": {
                "description": "Seconds.",
                "required": True,
                "schema": {"type": "integer", "minimum": 0},
            }
        }
    if status == 401:
        found["headers"] = {
            "WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}}
        }
    return found
