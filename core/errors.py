"""One family of errors for everything a caller did or met.

`message` is a sentence a student understands, already translated or lazily so; it says what to do
next and never contains the text of an exception.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _


class AppError(Exception):
    status = 400
    code = "invalid"
    message: Any = _("That did not work. Check what you sent and try again.")
    retryable = False

    def __init__(
        self,
        message: Any = None,
        *,
        code: str | None = None,
        status: int | None = None,
        retryable: bool | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.message = self.message if message is None else message
        self.code = code or self.code
        self.status = status or self.status
        self.retryable = self.retryable if retryable is None else retryable
        self.extra = extra or {}
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)


class Invalid(AppError):
    status = 422


class Unauthenticated(AppError):
    status = 401
    code = "not_authenticated"
    message = _("Log in first, or send a valid access token.")


class Forbidden(AppError):
    status = 403
    code = "forbidden"
    message = _("Your account may not do this.")


class NotFound(AppError):
    """Also for what exists but is not the caller's to see: both must look the same."""

    status = 404
    code = "not_found"
    message = _("This does not exist, or you may not see it.")


class Conflict(AppError):
    status = 409
    code = "conflict"
    message = _("Something else is going on with this right now. Wait a moment and try again.")


class TooLarge(AppError):
    status = 413
    code = "too_large"
    message = _("That is too large.")


class TooMany(AppError):
    status = 429
    code = "too_many"
    message = _("Too many requests. Wait a moment and try again.")
    retryable = True

    def __init__(self, retry_after: int, message: Any = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class Unavailable(AppError):
    status = 503
    code = "unavailable"
    message = _("A part of Lontar is not answering. Try again in a minute.")
    retryable = True
