"""The parent's side of drawing a picture anew: start the child, wait for it, end it."""

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import AppError, Invalid, Unavailable

log = logging.getLogger(__name__)
SECONDS = 30.0
# Each may take hundreds of megabytes for a second.
_places = threading.BoundedSemaphore(2)
# What every model that sees can read, by how it begins; what a file says of itself is not asked.
BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True)
class Drawn:
    media_type: str
    width: int
    height: int
    content: bytes


def media_type(content: bytes) -> str | None:
    """None for what is no PNG, JPEG, GIF or WebP."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begin, kind in BEGINNINGS if content.startswith(begin)), None)


def redraw(content: bytes) -> Drawn:
    """The picture in new bytes, without anything else that was in the file.

    Raises Invalid for what is no picture, is damaged or has too many pixels, Unavailable when there
    is no time for it now.
    """
    if media_type(content) is None:
        raise _refused("no_picture")
    if not _places.acquire(timeout=SECONDS):
        raise Unavailable(code="busy")
    try:
        said, drawn = _asked(content)
    finally:
        _places.release()
    if error := said.get("error"):
        raise _refused(error)
    return Drawn(said["media_type"], said["width"], said["height"], drawn)


def _asked(content: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        ended = subprocess.run(
            [sys.executable, "-B", "-m", "documents.ingest.redraw_child"],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
            cwd=settings.BASE_DIR,
            # Nothing of ours: keys and passwords stand in the environment.
            env={"LANG": "C.UTF-8", "PATH": os.defpath},
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return {"error": "picture_pixels"}, b""
    line, _newline, drawn = ended.stdout.partition(b"\n")
    if ended.returncode or not line:
        log.warning("a picture ended its reader with %s", ended.returncode)
        return {"error": "damaged_picture"}, b""
    said: dict[str, Any] = json.loads(line)
    return said, drawn


def _refused(code: str) -> AppError:
    sentences = {
        "no_picture": _("This is no picture that models read. Send PNG, JPEG, GIF or WebP."),
        "picture_pixels": _(
            "This picture has too many pixels to be read. Make it smaller, or cut out the part "
            "that matters."
        ),
    }
    damaged = _("This picture is damaged. Save it anew, or make a screenshot of it.")
    return Invalid(sentences.get(code, damaged), code=code)
