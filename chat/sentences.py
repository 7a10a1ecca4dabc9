"""What a student reads when an answer did not come to its end."""

from django.utils.translation import gettext_lazy as _

from llm.errors import CODES, llm_error

# The assistant of a chat was switched off, archived, or closed to whoever asks.
CLOSED = _(
    "The assistant of this chat is not open to you any more. What was said stays here; start a new "
    "chat to go on, or ask your lecturer."
)
COMPLETED = _("This chat is completed. Reopen it or start a new one.")
SENTENCES = {
    "restarted": _(
        "The answer was interrupted because Lontar was restarted. What was written is kept; "
        "press Try again for a whole answer."
    ),
    "internal": _(
        "Something went wrong inside Lontar. Your message is kept; press Try again. If it happens "
        "again, tell your administrator the time."
    ),
    "too_slow": _(
        "The answer took too long and was ended. What was written is kept; press Try again, or ask "
        "for a smaller part of it."
    ),
    "empty": _("The model answered nothing. Press Try again, or choose another model."),
}


def error_sentence(code: str) -> str:
    """The translated sentence of an error code; never the text of an exception."""
    if code not in SENTENCES and code in CODES:
        return llm_error(code).message
    return str(SENTENCES.get(code, SENTENCES["internal"]))
