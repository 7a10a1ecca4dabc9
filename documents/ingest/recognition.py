"""Whether and how pages that are pictures are read: the settings, and what is installed."""

import logging
import re
import shutil
import subprocess
from functools import lru_cache

from django.conf import settings

from documents.ingest.readers.ocr import Program

log = logging.getLogger(__name__)
LANGUAGES = re.compile(r"[A-Za-z]{3}(?:_[A-Za-z]{2,4})?(?:\+[A-Za-z]{3}(?:_[A-Za-z]{2,4})?)*")


def program() -> Program | None:
    """Tesseract with the languages that are set; None while OCR is off or cannot be done."""
    if not settings.OCR:
        return None
    problem = trouble()
    if problem:
        log.warning("OCR is on, but %s; pages that are pictures stay unread", problem)
        return None
    return Program(shutil.which("tesseract") or "", settings.OCR_LANGUAGES)


def trouble() -> str:
    """What keeps OCR from working, for a log or a status page; empty when nothing does."""
    path = shutil.which("tesseract")
    if path is None:
        return "the program tesseract is not installed"
    if not LANGUAGES.fullmatch(settings.OCR_LANGUAGES):
        return f"OCR_LANGUAGES is {settings.OCR_LANGUAGES!r}: write it like ind+eng"
    missing = set(settings.OCR_LANGUAGES.split("+")) - _installed(path)
    if missing:
        return f"tesseract has no data for {', '.join(sorted(missing))}"
    return ""


@lru_cache(maxsize=4)
def _installed(path: str) -> frozenset[str]:
    """The languages Tesseract lists; asked once for each program."""
    try:
        listed = subprocess.run(
            [path, "--list-langs"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(line.strip() for line in listed.stdout.splitlines()[1:])
