"""The one error of this room, with a sentence that is safe to show to a student."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# code -> (sentence, whether the same request may succeed when sent again)
_KINDS: dict[str, tuple[Promise, bool]] = {
    "auth": (
        _(
            "The key for this model was refused. Choose another model, or ask an administrator to "
            "check the key."
        ),
        False,
    ),
    "rate_limited": (
        _("The model is answering too many requests right now. Try again in a minute."),
        True,
    ),
    "spent": (
        _("The budget for this model is used up. Choose another model, or ask an administrator."),
        False,
    ),
    "budget": (
        _(
            "What may be spent on models is used up for now. Choose a model that costs nothing, or "
            "ask an administrator."
        ),
        False,
    ),
    "unavailable": (
        _("The model cannot be reached right now. Try again in a moment, or choose another model."),
        True,
    ),
    "timeout": (
        _("The model took too long to answer. Try again, or choose another model."),
        True,
    ),
    "bad_request": (
        _("The model did not accept this request. Choose another model, or start a new chat."),
        False,
    ),
    "context_too_long": (
        _(
            "This chat has grown too long for the model. Start a new chat, or choose a model with "
            "a larger context."
        ),
        False,
    ),
    "refused": (
        _("The model declined to answer this. Ask it in another way."),
        False,
    ),
    "malformed": (
        _("The model sent an answer that cannot be read. Try again, or choose another model."),
        True,
    ),
    "interrupted": (
        _("The connection to the model broke off. Try again."),
        True,
    ),
    "no_tools": (
        _("This model calls no tools. Choose another model, or ask an administrator."),
        False,
    ),
    "other_dimensions": (
        _(
            "The embedding model gives vectors of another size than before, which cannot be "
            "searched together. Ask an administrator to register it again with its new size."
        ),
        False,
    ),
    "unknown_model": (
        _("The provider does not know this model. Choose another model, or ask an administrator."),
        False,
    ),
}

CODES = tuple(_KINDS)


class LLMError(Exception):
    """A model call failed.

    ``message`` is a translated sentence without anything the provider wrote; the provider's own
    exception is the ``__cause__``. ``retry_after`` is in seconds, when the provider said one.
    """

    def __init__(
        self,
        message: str | Promise,
        code: str,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code)
        self._message = message
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after

    @property
    def message(self) -> str:
        """Translated at the time of reading, so that it speaks the reader's language."""
        return str(self._message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def llm_error(code: str, retry_after: float | None = None) -> LLMError:
    """The error of a code, with its sentence and whether it may be tried again."""
    message, retryable = _KINDS[code]
    return LLMError(message, code, retryable, retry_after)
