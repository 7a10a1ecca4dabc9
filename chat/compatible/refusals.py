"""What this door says to a request it does not do, and to a model that failed."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import AppError, TooMany
from core.openai_errors import QUOTA
from llm.errors import LLMError

# code of a failed model call -> (status, code of the protocol)
FAILURES = {
    "auth": (502, "provider_refused_key"),
    "unavailable": (503, "model_unavailable"),
    "timeout": (504, "model_timeout"),
    "bad_request": (400, "model_refused_request"),
    "no_tools": (400, "unsupported_parameter"),
    "context_too_long": (400, "context_length_exceeded"),
    "refused": (400, "content_filter"),
    "malformed": (502, "model_answer_malformed"),
    "interrupted": (502, "model_interrupted"),
    "unknown_model": (404, "model_not_found"),
}
TRY_AGAIN_SECONDS = 30


def refused(message: Any, param: str, code: str | None = None) -> AppError:
    """A request this door does not do as it stands, with the parameter that is the reason."""
    return AppError(message, code=code or "invalid_value", status=400, extra={"param": param})


def unsupported(param: str) -> AppError:
    sentence = _("This model does not take %(param)s. Leave it out, or choose another model.")
    return refused(sentence % {"param": param}, param, "unsupported_parameter")


def failure(error: LLMError) -> AppError:
    """A failed model call as an error of this door."""
    after = int(error.retry_after or TRY_AGAIN_SECONDS)
    if error.code in ("budget", "spent"):
        return TooMany(after, error.message, code=QUOTA, retryable=error.retryable)
    if error.code == "rate_limited":
        return TooMany(after, error.message, code="rate_limit_exceeded")
    status, code = FAILURES.get(error.code, (502, error.code))
    return AppError(error.message, code=code, status=status, retryable=error.retryable)


def broken() -> AppError:
    """Something of ours went wrong while the answer was written."""
    sentence = _(
        "Something went wrong inside Lontar. Try again; if it happens again, tell your "
        "administrator the time."
    )
    return AppError(sentence, code="internal", status=500, retryable=True)


def too_slow() -> AppError:
    sentence = _("The answer took too long and was ended. Ask for a smaller part of it.")
    return AppError(sentence, code="model_timeout", status=504)
