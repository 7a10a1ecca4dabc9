"""Why a file could not be read: codes for programs, sentences for students."""

from typing import Any

from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, Any] = {
    "empty": _("This file is empty. Choose the file again and upload it once more."),
    "too_large": _("This file is too large. Upload a smaller one, or split it."),
    "wrong_type": _(
        "Lontar cannot read this kind of file yet. Save it as PDF, plain text or Markdown "
        "and upload that."
    ),
    "encrypted": _(
        "This PDF is protected by a password. Save a copy without the password and upload that."
    ),
    "damaged": _(
        "This file is damaged and cannot be opened. Download or export it again and upload "
        "the new copy."
    ),
    "no_text": _(
        "This file has no text in it: its pages are pictures, probably a scan. Upload a version "
        "with text, or run text recognition (OCR) on it first."
    ),
    "too_slow": _(
        "Reading this file took too long, so it was stopped. Split it into smaller files or save "
        "it again as a simpler PDF."
    ),
    "too_complex": _(
        "This file holds more than Lontar can read in one piece. Split it into smaller "
        "files or save it again as a simpler PDF."
    ),
    "storage": _(
        "The stored file cannot be read any more. Upload it again; if that fails too, tell an "
        "administrator that the disk should be looked at."
    ),
    "embedder": _(
        "The text was read, but the service that prepares it for searching did not answer. "
        "Press retry in a few minutes."
    ),
    "stopped": _(
        "An administrator stopped the reading of this file. Press retry to have it read again."
    ),
    "internal": _(
        "Something went wrong on our side while reading this file. Press retry; if it happens "
        "again, tell an administrator."
    ),
}


def sentence(code: str) -> str:
    """The translated sentence for a code, an empty string for no code."""
    return str(SENTENCES.get(code, SENTENCES["internal"])) if code else ""
