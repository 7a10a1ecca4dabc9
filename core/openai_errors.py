"""Errors as programs of the OpenAI protocol read them: {error: {message, type, param, code}}.

Reference: https://platform.openai.com/docs/guides/error-codes
"""

from typing import Any

from django.http import JsonResponse

from core.errors import AppError, TooMany, Unauthenticated

PREFIX = "/v1/"
# Our codes under the names those programs know.
CODES = {
    "not_authenticated": "invalid_api_key",
    "scope": "insufficient_permissions",
    "not_found": "unknown_url",
    "not_allowed": "method_not_supported",
    "too_large": "request_too_large",
    "too_many": "rate_limit_exceeded",
    "internal": "server_error",
}
TYPES = {401: "invalid_request_error", 403: "permission_error", 429: "requests"}
QUOTA = "insufficient_quota"


def openai_body(error: AppError) -> dict[str, Any]:
    """`param` is what the error's `extra` says of it."""
    code = CODES.get(error.code, error.code)
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    kind = QUOTA if code == QUOTA else TYPES.get(error.status, kind)
    param = error.extra.get("param")
    return {"error": {"message": str(error.message), "type": kind, "param": param, "code": code}}


def openai_problem(error: AppError) -> JsonResponse:
    # 422 is a word of our own API; this protocol says 400 for what is wrong in a request.
    status = 400 if error.status == 422 else error.status
    response = JsonResponse(openai_body(error), status=status)
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        response["WWW-Authenticate"] = "Bearer"
    # The SDKs send a request again by its status alone, unless this says otherwise.
    if status in (408, 409, 429) or status >= 500:
        response["x-should-retry"] = "true" if error.retryable else "false"
    return response
